import type { BookingOverview } from '../../demo-app/booking-app/app-state.js';
import { createOwnBookings } from '../../demo-app/page/own-bookings.js';
import { NOTHING_KNOWN } from '../../demo-app/supervisor/read-snapshot.js';
import type { DemoSnapshot } from '../../demo-app/supervisor/read-snapshot.js';

const EARLIER = '2026-01-01T10:00:00.000Z';
const LATER = '2026-01-01T10:00:01.000Z';

function booking(id: number, status: BookingOverview['status'], updated_at: string): BookingOverview {
  return { id, session_id: id, status, updated_at };
}

function snapshotWith(bookings: readonly BookingOverview[], knownBookings: readonly number[] = []): DemoSnapshot {
  return {
    ...NOTHING_KNOWN,
    members: [
      { name: 'Ada', token: 'ada', bookings },
      { name: 'Ben', token: 'ben', bookings: [] },
    ],
    crm: { mode: 'ok', count: 0, knownBookings },
  };
}

function adasBookings({ members }: DemoSnapshot): readonly BookingOverview[] {
  return members.find(({ name }) => name === 'Ada')!.bookings;
}

test('a booking just made stays, though a snapshot that was read before it arrives after it', () => {
  const own = createOwnBookings();
  own.add('ada', booking(2, 'active', LATER));
  const first = booking(1, 'active', EARLIER);
  const shown = own.addTo(snapshotWith([first]));
  expect(adasBookings(shown)).toEqual([booking(2, 'active', LATER), first]);
  expect(shown.members[1]?.bookings).toEqual([]);
});

test('a booking just cancelled is not active again, and the CRM does not know of that yet', () => {
  const own = createOwnBookings();
  own.add('ada', booking(1, 'cancelled', LATER));
  const shown = own.addTo(snapshotWith([booking(1, 'active', EARLIER)], [1]));
  expect(adasBookings(shown)).toEqual([booking(1, 'cancelled', LATER)]);
  expect(shown.crm?.knownBookings).toEqual([]);
});

test('once a snapshot has the change, what snapshots say counts', () => {
  const own = createOwnBookings();
  own.add('ada', booking(1, 'cancelled', EARLIER));
  own.addTo(snapshotWith([booking(1, 'cancelled', EARLIER)]));
  const elsewhere = snapshotWith([booking(1, 'active', LATER)], [1]);
  expect(own.addTo(elsewhere)).toEqual(elsewhere);
  expect(own.addTo(snapshotWith([]))).toEqual(snapshotWith([]));
});

test('nothing of a time before the page was disconnected is shown', () => {
  const own = createOwnBookings();
  own.add('ada', booking(1, 'active', EARLIER));
  own.clear();
  expect(own.addTo(snapshotWith([]))).toEqual(snapshotWith([]));
});
