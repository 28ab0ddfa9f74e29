import { durationText } from '../../core/duration-text.js';
import type { NotificationView, Overview } from '../api-contract.js';
import type { Address } from './address.js';
import {
  discard,
  failureOf,
  fetchBody,
  fetchNotification,
  type LetterKey,
  redeliver,
  revealBody,
  tryNow,
} from './api-client.js';
import { confirmByDialog } from './confirm-by-dialog.js';
import { byId, setText } from './element.js';
import { failedChangeText } from './failed-change-text.js';
import { nextAttemptText, notNowText } from './next-attempt-text.js';
import { createRequestPart, type RequestActions, type RequestPart } from './request-part.js';
import { makeTargetPanel, type TargetActions } from './target-panel.js';

/** The view of one notification: what happened to it, and what can be done. It takes the place of the overview. */
export interface NotificationSection {
  /** The address has changed. Resolves once the notification was read, if there is one in it. */
  showAddress(): Promise<void>;
  /** Reads it again, if it is shown. */
  follow(): void;
}

/** An outcome that is true until the state of its target changes. */
interface Followed {
  readonly target: string;
  readonly text: string;
  /** What had happened, as it was first read afterwards. */
  readonly happened: string | undefined;
}

/** What is shown of a target. */
interface ShownTarget {
  readonly text: string;
  readonly panel: HTMLElement;
  readonly hasBodies: boolean;
  readonly requestPart: RequestPart | undefined;
}

/** `latest` returns the overview that was shown last; `onChanged` is called after each change. */
export function createNotificationSection(
  address: () => Address,
  latest: () => Overview | undefined,
  onChanged: () => void,
): NotificationSection {
  const section = byId('notification', HTMLElement);
  const heading = byId('notification-heading', HTMLElement);
  const idText = byId('notification-id', HTMLElement);
  const outcome = byId('notification-outcome', HTMLElement);
  const empty = byId('notification-empty', HTMLElement);
  const panels = byId('notification-targets', HTMLElement);
  const shown = new Map<string, ShownTarget>();
  let shownId = '';
  let changeCount = 0;
  let followed: Followed | undefined;

  const read = async (): Promise<void> => {
    const { id } = address().state;
    const changesBefore = changeCount;
    try {
      const view = await fetchNotification(id);
      // What was read before a change is no longer so; another read follows.
      if (id !== address().state.id || changesBefore !== changeCount) return;
      show(view);
      clearOutcome(view);
    } catch (error) {
      // The status line at the top says what is wrong, and the next overview reads it again.
      if (failureOf(error) === 'unavailable') setText(outcome, 'It could not be read.');
    }
  };

  const show = (view: NotificationView): void => {
    const { targets, acceptedAt } = view.timeline;
    empty.hidden = targets.length > 0;
    if (targets.length === 0) setText(empty, unknownText(acceptedAt));
    const names = targets.map(({ target }) => target);
    for (const [target, { panel }] of shown) {
      if (names.includes(target)) continue;
      panel.remove();
      shown.delete(target);
    }
    for (const known of targets) {
      const { target } = known;
      const request = view.requests.find((one) => one.target === target);
      const before = shown.get(target);
      const { hasBodies } = view;
      const { nextAttemptAt = 0, place } = known;
      const next = nextAttemptText({ target, nextAttemptAt, waitsInLane: place?.before !== 0 }, latest());
      const notNow = notNowText(latest()?.targets.find(({ name }) => name === target));
      const text = JSON.stringify([known, request, hasBodies, next, notNow]);
      if (before?.text === text) continue;
      const letter = { id: view.timeline.id, target };
      const focused = before?.panel.contains(document.activeElement) === true ? document.activeElement : null;
      // The same part, so that it stays open and shows what somebody has asked for.
      const kept = before?.hasBodies === hasBodies ? before.requestPart : undefined;
      const requestPart = request && (kept ?? createRequestPart(letter, hasBodies, requestActions));
      if (request !== undefined) requestPart?.show(request);
      const data = { id: letter.id, acceptedAt, known, next, notNow, request: requestPart?.element };
      const panel = makeTargetPanel(data, actions);
      if (before === undefined) panels.append(panel);
      else before.panel.replaceWith(panel);
      shown.set(target, { text, panel, hasBodies, requestPart });
      if (focused instanceof HTMLElement) (panel.contains(focused) ? focused : heading).focus({ preventScroll: true });
    }
  };

  /** Clears the outcome once it is no longer true. */
  const clearOutcome = ({ timeline }: NotificationView): void => {
    if (followed === undefined) return;
    const { target, text, happened } = followed;
    const known = timeline.targets.find((one) => one.target === target);
    const now = JSON.stringify(known?.entries);
    followed = { target, text, happened: happened ?? now };
    if (known?.state === 'pending' && (text === pendingAgain || followed.happened === now)) return;
    if (outcome.textContent === text) setText(outcome, '');
    followed = undefined;
  };

  const act = async ({ target }: LetterKey, work: () => Promise<string>): Promise<void> => {
    followed = undefined;
    try {
      const text = await work();
      setText(outcome, text);
      if (text === pendingAgain || text === triedNow) followed = { target, text, happened: undefined };
    } catch (error) {
      setText(outcome, failedChangeText(error));
    }
    changeCount += 1;
    onChanged();
    await read();
  };

  const requestActions: RequestActions = {
    copy: (text) => void copyText(text),
    showBody: (letter, isRevealed) => (isRevealed ? revealBody(letter) : fetchBody(letter)),
  };
  const actions: TargetActions = {
    tryNow: (letter) => void act(letter, async () => ((await tryNow(letter)) ? triedNow : notTried)),
    redeliver: (letter) =>
      void act(letter, async () => ((await redeliver(letter)).redelivered > 0 ? pendingAgain : nothingChanged)),
    async discard(letter) {
      const text = `${letter.id} will be removed for good, and the CRM will never receive it.`;
      if (!(await confirmByDialog({ heading: 'Discard this dead letter?', text, yes: 'Discard' }))) return;
      await act(letter, async () => ((await discard(letter)) > 0 ? 'It was discarded.' : nothingChanged));
    },
  };

  const copyText = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setText(outcome, 'Copied.');
    } catch {
      // Only pages of https and of this machine may.
      setText(outcome, 'The browser does not let this page copy; select the text instead.');
    }
  };

  byId('notification-copy', HTMLButtonElement).addEventListener('click', () => void copyText(shownId));

  return {
    async showAddress() {
      const { id } = address().state;
      document.body.dataset['view'] = id === '' ? 'overview' : 'notification';
      section.hidden = id === '';
      if (id === shownId) return;
      shownId = id;
      setText(idText, id);
      setText(outcome, '');
      shown.clear();
      panels.replaceChildren();
      if (id === '') return;
      empty.hidden = false;
      setText(empty, 'Loading …');
      heading.focus();
      scrollTo(0, 0);
      await read();
    },
    follow() {
      if (shownId !== '') void read();
    },
  };
}

const triedNow = 'It is tried now.';
const pendingAgain = 'It is pending again.';
const notTried = 'It is no longer the first in its lane, or no longer pending; nothing was changed.';
const nothingChanged = 'It is no longer a dead letter; nothing was changed.';

/** What may have become of a notification of which nothing is known. */
function unknownText(acceptedAt: number | undefined): string {
  const why =
    'it was delivered longer ago than delivered ones are kept, or as one of too many; or it was discarded, or has expired as a dead ' +
    'letter; or it was never in this outbox.';
  if (acceptedAt === undefined) return `Nothing is known of it, and this is no id of a notification. Perhaps ${why}`;
  const age = durationText(Math.max(0, Date.now() - acceptedAt));
  return `Nothing is known of it. By its id it was made ${age} ago. Perhaps ${why}`;
}
