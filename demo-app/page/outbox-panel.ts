import type { Delivery } from '../booking-app/app-state.js';
import { MAX_PENDING_ENTRIES } from '../supervisor/outbox-reading.js';
import type { OutboxEntry } from '../supervisor/outbox-reading.js';
import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import { byId, createList, element, setText } from './dom.js';
import { createToken } from './token.js';
import type { View } from './view.js';
import { countText, durationText, happeningText, hueOf } from './wording.js';
import type { Words } from './words.js';

interface Figure {
  readonly id: string;
  readonly label: string;
  readonly valueOf: (snapshot: DemoSnapshot) => string;
}

const FIGURES: readonly Figure[] = [
  { id: 'pending', label: 'Pending', valueOf: ({ outbox }) => String(outbox.pending) },
  { id: 'dead', label: 'Dead letters', valueOf: ({ outbox }) => String(outbox.dead) },
  {
    id: 'oldest',
    label: 'Oldest',
    valueOf: ({ outbox: { oldestAt } }) => (oldestAt === null ? '–' : durationText(Math.max(0, Date.now() - oldestAt))),
  },
  { id: 'delivered', label: 'Delivered *', valueOf: ({ delivery }) => countOf(delivery?.delivered) },
  { id: 'retried', label: 'Retries *', valueOf: ({ delivery }) => countOf(delivery?.retried) },
  { id: 'unsent', label: 'Never sent *', valueOf: ({ delivery }) => countOf(delivery?.unsent) },
];

/** Only the app counts these, and it may not run. */
function countOf(count: number | undefined): string {
  return count === undefined ? '–' : String(count);
}

interface Lane {
  readonly name: string;
  readonly entries: readonly OutboxEntry[];
}

export function createOutboxPanel(onRedeliver: () => void): (view: View, words: Words) => void {
  const delivery = byId('delivery');
  const deadNote = byId('dead-note');
  const redeliver = byId('redeliver') as HTMLButtonElement;
  redeliver.addEventListener('click', onRedeliver);
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
      const showTokens = createList<OutboxEntry>(
        queue,
        ({ id }) => id,
        (entry) => {
          const token = createToken(entry, '');
          return {
            node: token,
            update: (next) => {
              token.dataset['state'] = next.state;
              setText(token, tokenText(next));
            },
          };
        },
      );
      return {
        node: element('li', '', tag, queue),
        update: ({ entries }) => {
          showTokens(entries);
        },
      };
    },
  );

  return ({ snapshot, leader, isConnected }, words) => {
    const { outbox } = snapshot;
    const isDelivering = isConnected && leader !== undefined && snapshot.delivery?.pauseCause === null;
    delivery.dataset['tone'] = isDelivering ? 'good' : 'bad';
    setText(
      delivery,
      isConnected ? (leader ? deliveryText(snapshot.delivery) : words.noDelivery) : 'Not known while disconnected.',
    );
    showFigures(FIGURES.map((figure) => ({ ...figure, value: figure.valueOf(snapshot) })));
    showLanes(lanesOf(outbox.entries));
    const further = outbox.pending > MAX_PENDING_ENTRIES ? ` (the oldest ${MAX_PENDING_ENTRIES})` : '';
    setText(byId('lanes-heading'), `Waiting, in order per booking${further}`);
    setText(
      deadNote,
      outbox.dead === 0
        ? `No dead letters. ${words.countersNote}`
        : `${countText(outbox.dead, 'dead letter')}: fix the CRM, then`,
    );
    redeliver.disabled = outbox.dead === 0 || !leader || !isConnected;
  };
}

function deliveryText(delivery: Delivery | null): string {
  if (!delivery) return 'Delivering.';
  return `${delivery.pauseCause ? pauseText(delivery.pauseCause) : 'Delivering.'} Circuit ${delivery.circuit}.`;
}

function pauseText(cause: NonNullable<Delivery['pauseCause']>): string {
  switch (cause.kind) {
    case 'unreachable':
      return `Paused: the CRM cannot be reached (${cause.code}).`;
    case 'unauthorised':
      return `Paused: the CRM rejects the token (${cause.status}).`;
    case 'misdirected':
      return `Paused: the CRM responds as to a wrong URL (${cause.status}).`;
  }
}

function lanesOf(entries: readonly OutboxEntry[]): Lane[] {
  const lanes = new Map<string, OutboxEntry[]>();
  for (const entry of entries) {
    const lane = lanes.get(entry.lane);
    if (lane) lane.push(entry);
    else lanes.set(entry.lane, [entry]);
  }
  return [...lanes].map(([name, members]) => ({ name, entries: members }));
}

function tokenText({ type, attempts, state }: OutboxEntry): string {
  if (state === 'dead') return `${happeningText(type)}: dead letter`;
  return attempts === 0 ? happeningText(type) : `${happeningText(type)}, ${countText(attempts, 'attempt')}`;
}
