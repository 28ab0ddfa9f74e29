import { countText } from '../../core/duration-text.js';
import type { NotificationView } from '../api-contract.js';
import type { LetterKey } from './api-client.js';
import { allowChange } from './change-control.js';
import { make } from './element.js';
import { makeNotificationButton } from './notification-button.js';
import { notificationLink } from './notification-link.js';
import { makeTimeline } from './timeline-list.js';

/** What can be done with a notification for one target. */
export interface TargetActions {
  readonly tryNow: (letter: LetterKey) => void;
  readonly redeliver: (letter: LetterKey) => void;
  readonly discard: (letter: LetterKey) => Promise<void>;
}

export interface PanelData {
  readonly id: string;
  readonly acceptedAt: number | undefined;
  readonly known: NotificationView['timeline']['targets'][number];
  /** When its next attempt is made, in words, while it is pending. */
  readonly next: string;
  /** Why it cannot be tried now; empty if it can. */
  readonly notNow: string;
  /** The part with its request; undefined once it is no longer in the outbox, or its target is not configured here. */
  readonly request: HTMLElement | undefined;
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
  const { id, acceptedAt, known, next, notNow, request } = data;
  const { target, type, state, entries } = known;
  const badge = make('span', 'badge', states[state].text);
  badge.dataset['level'] = states[state].level;
  const letter = { id, target };
  return make(
    'article',
    'panel target-panel',
    make('h3', '', type, ' to ', target, ' ', badge),
    make('dl', 'facts', ...factsOf(known, next)),
    make('h4', '', 'What happened'),
    makeTimeline(acceptedAt, entries),
    ...(state === 'gone' ? [make('p', 'letter-facts', goneText)] : []),
    ...(state === 'pending' && known.place?.before === 0 ? [tryButton(letter, notNow, actions)] : []),
    ...(state === 'dead' ? [changeButtons(letter, actions)] : []),
    ...(request === undefined ? [] : [request]),
  );
}

const goneText =
  'It was delivered, discarded or expired since; which of them is not known, because too much has happened, or too long ago.';

function factsOf({ lane, state, place }: PanelData['known'], next: string): readonly HTMLElement[] {
  const facts = [fact('Lane', make('span', 'code', lane))];
  if (state !== 'pending' || place === undefined) return facts;
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

function tryButton(letter: LetterKey, notNow: string, actions: TargetActions): HTMLElement {
  const tryIt = makeNotificationButton('Try now', () => {
    actions.tryNow(letter);
  });
  const why = notNow === '' ? [] : [make('span', 'letter-facts', notNow)];
  return make('div', 'letter-actions', allowChange(tryIt, notNow === ''), ...why);
}

function changeButtons(letter: LetterKey, actions: TargetActions): HTMLElement {
  return make(
    'div',
    'letter-actions',
    allowChange(
      makeNotificationButton('Redeliver', () => {
        actions.redeliver(letter);
      }),
    ),
    allowChange(makeNotificationButton('Discard', () => void actions.discard(letter), 'button-danger')),
  );
}
