import type { Arrival } from '../../demo-app/crm-service/arrival.js';
import { NOTHING_KNOWN, type DemoSnapshot } from '../../demo-app/supervisor/read-snapshot.js';
import { changesBetween } from '../../demo-app/supervisor/snapshot-changes.js';

function arrival(sequence: number, id = `id-${sequence}`): Arrival {
  return { id, sequence, type: 'booking_created', lane: 'booking:1', about: '', receivedAt: '', retryCount: 0 };
}

const snapshot: DemoSnapshot = {
  ...NOTHING_KNOWN,
  apps: [{ number: 1, url: 'http://localhost:3001', process: null, leadsSince: null }],
  crm: { mode: 'ok', count: 2, knownBookings: [] },
  arrivals: [arrival(2), arrival(1)],
};

test('a page that has nothing gets everything', () => {
  expect(changesBetween(undefined, snapshot)).toEqual(snapshot);
});

test('a page gets nothing when nothing has changed, and only what has', () => {
  expect(changesBetween(snapshot, structuredClone(snapshot))).toBeUndefined();
  const outbox = { ...snapshot.outbox, pending: 1 };
  expect(changesBetween(snapshot, { ...snapshot, outbox })).toEqual({ outbox });
});

test('of what arrives a page gets the new ones', () => {
  const arrivals = [arrival(4), arrival(3), arrival(2)];
  expect(changesBetween(snapshot, { ...snapshot, arrivals })).toEqual({
    arrivals: [arrival(4), arrival(3)],
    areArrivalsNew: true,
  });
});

test.each([
  ['with new ones', [arrival(1, 'other')]],
  ['with none', []],
])('a CRM that begins with an empty inbox, %s, replaces what the page has', (_case, arrivals) => {
  expect(changesBetween(snapshot, { ...snapshot, arrivals })).toEqual({ arrivals });
});
