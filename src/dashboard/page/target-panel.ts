import { countText } from '../../core/duration-text.js';
import type { NotificationView } from '../api-contract.js';
import type { LetterKey } from './api-client.js';
import { curlText } from './curl-text.js';
import { dayAndSecondText, make, timeElement, unseen } from './element.js';
import { notificationLink } from './notification-link.js';
import { makeTimeline } from './timeline-list.js';

/** What can be done with a notification for one target. */
export interface TargetActions {
  readonly copy: (text: string) => void;
  readonly tryNow: (letter: LetterKey) => void;
  readonly redeliver: (letter: LetterKey) => void;
  readonly discard: (letter: LetterKey) => Promise<void>;
  /** Its body, with its values if `isRevealed`. */
  readonly showBody: (letter: LetterKey, isRevealed: boolean) => Promise<string>;
}

export interface PanelData {
  readonly id: string;
  readonly acceptedAt: number | undefined;
  readonly known: NotificationView['timeline']['targets'][number];
  /** Undefined once it is no longer in the outbox, or its target is not configured here. */
  readonly request: NotificationView['requests'][number] | undefined;
  readonly hasBodies: boolean;
}

const states = {
  pending: { text: '… pending', level: 'attention' },
  dead: { text: '● dead', level: 'failing' },
  delivered: { text: '✓ delivered', level: 'fine' },
  discarded: { text: '× discarded', level: 'unknown' },
  gone: { text: '? no longer in the outbox', level: 'unknown' },
} as const;

/** What is known of a notification for one target, and what can be done. */
export function makeTargetPanel(data: PanelData, actions: TargetActions): HTMLElement {
  const { id, acceptedAt, known, request, hasBodies } = data;
  const { target, type, state, entries } = known;
  const badge = make('span', 'badge', states[state].text);
  badge.dataset['level'] = states[state].level;
  const letter = { id, target };
  return make(
    'article',
    'panel target-panel',
    make('h3', '', type, ' to ', target, ' ', badge),
    make('dl', 'facts', ...factsOf(known)),
    make('h4', '', 'What happened'),
    makeTimeline(acceptedAt, entries),
    ...(state === 'gone' ? [make('p', 'letter-facts', goneText)] : []),
    ...(state === 'pending' && known.place?.before === 0 ? [tryButton(letter, actions)] : []),
    ...(state === 'dead' ? [changeButtons(letter, actions)] : []),
    ...(request === undefined ? [] : [requestPart(letter, request, hasBodies, actions)]),
  );
}

const goneText =
  'It was delivered, discarded or expired since; which of them is not known, because too much has happened, or too long ago.';

function factsOf({ lane, state, nextAttemptAt = 0, place }: PanelData['known']): readonly HTMLElement[] {
  const facts = [fact('Lane', make('span', 'code', lane))];
  if (state !== 'pending' || place === undefined) return facts;
  const isFirst = place.before === 0;
  const next = !isFirst
    ? 'after those before it in its lane'
    : nextAttemptAt > Date.now()
      ? timeElement(nextAttemptAt, dayAndSecondText(nextAttemptAt))
      : 'as soon as delivery can';
  return [
    ...facts,
    fact('Next attempt', next),
    fact('Before it', ...neighbours(place.before, place.previous)),
    fact('After it', ...neighbours(place.after, place.next)),
  ];
}

function fact(name: string, ...value: readonly (Node | string)[]): HTMLElement {
  return make('div', '', make('dt', '', name), make('dd', '', ...value));
}

/** How many wait, and links to the nearest. */
function neighbours(count: number, ids: readonly string[]): readonly (Node | string)[] {
  if (count === 0) return ['nothing'];
  const more = count > ids.length ? [' …'] : [];
  return [
    `${countText(count, 'notification')}: `,
    ...ids.flatMap((id) => [notificationLink(id, id.slice(-12)), ' ']),
    ...more,
  ];
}

function tryButton(letter: LetterKey, actions: TargetActions): HTMLElement {
  const tryIt = button('Try now', () => {
    actions.tryNow(letter);
  });
  return make('div', 'letter-actions', tryIt);
}

function changeButtons(letter: LetterKey, actions: TargetActions): HTMLElement {
  return make(
    'div',
    'letter-actions',
    button('Redeliver', () => {
      actions.redeliver(letter);
    }),
    button('Discard', () => void actions.discard(letter), 'button-danger'),
  );
}

/** The request as a command, and the body where it may be shown. */
function requestPart(
  letter: LetterKey,
  request: NonNullable<PanelData['request']>,
  hasBodies: boolean,
  actions: TargetActions,
): HTMLElement {
  const command = make('code', '', curlText(request));
  const commandBox = make('pre', 'code scroll', command);
  commandBox.tabIndex = 0;
  commandBox.setAttribute('role', 'region');
  commandBox.setAttribute('aria-label', 'Request as a command of curl');
  const copy = button('Copy as curl', () => {
    actions.copy(command.textContent);
  });
  const parts = [make('summary', '', 'Request'), commandBox, make('div', 'letter-actions', copy)];
  if (!hasBodies) return make('details', 'request', ...parts);
  const body = make('pre', 'code scroll', 'Loading …');
  body.tabIndex = 0;
  body.setAttribute('role', 'region');
  body.setAttribute('aria-label', 'Body');
  const showBody = async (isRevealed: boolean): Promise<void> => {
    try {
      const text = await actions.showBody(letter, isRevealed);
      body.textContent = isRevealed ? indented(text) : text;
      if (isRevealed) command.textContent = curlText(request, text);
    } catch {
      body.textContent = 'The body could not be read.';
    }
  };
  const reveal = button('Show values', () => {
    reveal.disabled = true;
    void showBody(true);
  });
  const details = make(
    'details',
    'request',
    ...parts,
    make('h4', '', 'Body'),
    body,
    make('div', 'letter-actions', reveal),
  );
  details.addEventListener('toggle', () => void showBody(false), { once: true });
  return details;
}

/** JSON in lines for people; the command has it as it is posted. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function button(name: string, onClick: () => void, tone = ''): HTMLButtonElement {
  const made = make('button', `button ${tone}`.trim(), name, unseen(' this notification'));
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}
