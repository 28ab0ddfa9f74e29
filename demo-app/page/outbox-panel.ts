import type { WaitingNotification } from '../booking-app/demo-page/delivery-watch.js';
import { byId, createList, element, setText } from './dom.js';
import type { PageState, View } from './view.js';
import type { Words } from './words.js';
import { countText, durationText, happeningText, hueOf } from './wording.js';

interface Figure {
  readonly id: string;
  readonly label: string;
  readonly valueOf: (stats: PageState['stats']) => string;
}

const FIGURES: readonly Figure[] = [
  { id: 'pending', label: 'Pending', valueOf: ({ pending }) => String(pending) },
  { id: 'in-flight', label: 'In flight', valueOf: ({ inFlight }) => String(inFlight) },
  {
    id: 'oldest',
    label: 'Oldest',
    valueOf: ({ pending, oldestAgeMs }) => (pending === 0 ? '–' : durationText(oldestAgeMs)),
  },
  { id: 'delivered', label: 'Delivered *', valueOf: ({ delivered }) => String(delivered) },
  { id: 'retried', label: 'Retries *', valueOf: ({ retried }) => String(retried) },
  { id: 'dead', label: 'Dead letters', valueOf: ({ dead }) => String(dead) },
];

interface Lane {
  readonly name: string;
  readonly notifications: readonly WaitingNotification[];
}

export function createOutboxPanel(): (view: View, words: Words) => void {
  const delivery = byId('delivery');
  const note = byId('waiting-note');
  const showFigures = createList<Figure & { readonly value: string }>(
    byId('figures'),
    ({ id }) => id,
    ({ id, label }) => {
      const value = element('dd');
      value.id = `figure-${id}`;
      return {
        node: element('div', '', element('dt', '', label), value),
        update: (figure) => {
          setText(value, figure.value);
        },
      };
    },
  );
  const showLanes = createList<Lane>(
    byId('lanes'),
    ({ name }) => name,
    ({ name }) => {
      const tag = element('span', 'lane', name);
      tag.dataset['hue'] = hueOf(name);
      const queue = element('span', 'queue');
      return {
        node: element('li', '', tag, queue),
        update: ({ notifications }) => {
          setText(queue, notifications.map(waitingText).join(' → '));
        },
      };
    },
  );

  return ({ state, leader, isAppThere }, words) => {
    const { stats, pauseCause } = state;
    // An app that is gone leaves its last state on the page, which is dimmed.
    const isLeaderless = isAppThere && !leader;
    delivery.dataset['tone'] = pauseCause || isLeaderless ? 'bad' : 'good';
    const text = `${pauseCause ? pauseText(pauseCause) : 'Delivering.'} Circuit ${stats.circuit}.`;
    setText(delivery, isLeaderless ? 'Nothing is delivered until an app leads.' : text);
    showFigures(FIGURES.map((figure) => ({ ...figure, value: figure.valueOf(stats) })));
    showLanes(lanesOf(state.waiting));
    setText(note, noteOn(state, words));
  };
}

function pauseText(cause: NonNullable<PageState['pauseCause']>): string {
  switch (cause.kind) {
    case 'unreachable':
      return `Paused: the CRM cannot be reached (${cause.code}).`;
    case 'unauthorised':
      return `Paused: the CRM refuses the token (${cause.status}).`;
    case 'misdirected':
      return `Paused: the CRM responds as to a wrong URL (${cause.status}).`;
  }
}

function lanesOf(waiting: readonly WaitingNotification[]): Lane[] {
  const lanes = new Map<string, WaitingNotification[]>();
  for (const notification of waiting) {
    const lane = lanes.get(notification.lane);
    if (lane) lane.push(notification);
    else lanes.set(notification.lane, [notification]);
  }
  return [...lanes].map(([name, notifications]) => ({ name, notifications }));
}

function waitingText({ type, attempts }: WaitingNotification): string {
  return attempts === 0 ? happeningText(type) : `${happeningText(type)} (${countText(attempts, 'attempt')})`;
}

function noteOn({ stats, earlierCount, furtherCount }: PageState, { countersNote }: Words): string {
  const notes = [];
  if (furtherCount > 0) notes.push(`And ${furtherCount} more.`);
  if (earlierCount > 0) notes.push(`${earlierCount} from before the restart.`);
  if (stats.pending === 0) notes.push('Nothing is pending.');
  notes.push(countersNote);
  return notes.join(' ');
}
