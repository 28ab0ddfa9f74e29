import type { Arrival } from '../../demo-app/crm-service/arrival.js';
import { flightsBetween } from '../../demo-app/page/flights.js';
import type { OutboxEntry } from '../../demo-app/supervisor/outbox-reading.js';
import { NOTHING_KNOWN, type DemoSnapshot } from '../../demo-app/supervisor/read-snapshot.js';

const type = 'booking_created';
const lane = 'booking:1';

function entry(id: string, state: OutboxEntry['state'] = 'pending', attempts = 0): OutboxEntry {
  return { id, type, lane, state, attempts };
}

function arrival(id: string, sequence: number): Arrival {
  return { id, sequence, type, lane, about: '', receivedAt: '', retryCount: 0 };
}

function snapshotOf(entries: readonly OutboxEntry[], arrivals: readonly Arrival[] = []): DemoSnapshot {
  return { ...NOTHING_KNOWN, outbox: { pending: entries.length, dead: 0, oldestAt: null, entries }, arrivals };
}

test.each<[string, DemoSnapshot, DemoSnapshot, readonly string[]]>([
  ['is accepted goes from the app to the outbox', snapshotOf([]), snapshotOf([entry('a')]), ['a: app outbox']],
  [
    'is delivered goes from the outbox to the CRM',
    snapshotOf([entry('a')]),
    snapshotOf([], [arrival('a', 1)]),
    ['a: outbox crm'],
  ],
  [
    'was not seen in the outbox still passes through it',
    snapshotOf([]),
    snapshotOf([], [arrival('a', 1)]),
    ['a: app outbox crm'],
  ],
  [
    'has failed goes to the CRM and back',
    snapshotOf([entry('a')]),
    snapshotOf([entry('a', 'pending', 1)]),
    ['a: outbox crm outbox'],
  ],
  [
    'has died goes to the CRM and back',
    snapshotOf([entry('a')]),
    snapshotOf([entry('a', 'dead', 1)]),
    ['a: outbox crm outbox'],
  ],
  ['is redelivered stays where it is', snapshotOf([entry('a', 'dead', 1)]), snapshotOf([entry('a')]), []],
  ['was never sent stays where it is', snapshotOf([entry('a')]), snapshotOf([entry('a')]), []],
])('what %s', (_what, before, after, flights) => {
  expect(flightsBetween(before, after).map(({ id, route }) => `${id}: ${route.join(' ')}`)).toEqual(flights);
});

test('what arrives at once flies in the order of its arrival', () => {
  const waiting = ['a', 'b', 'c'].map((id) => entry(id));
  const arrivals = [arrival('c', 3), arrival('b', 2), arrival('a', 1)];
  expect(flightsBetween(snapshotOf(waiting), snapshotOf([], arrivals)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});
