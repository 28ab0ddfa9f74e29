import type { FormatReply, NotificationFacts, SentNotification } from '../../src/format/format-definition.js';

/** The booking of the pages in docs/crms, with a booking record. */
export const bookingFacts: NotificationFacts = {
  id: '01a20b12-fafc-7c3e-8f00-2b8c5d1e9f10',
  type: 'booking_created',
  userId: 123,
  message: 'Booking 456 created',
  occurredAt: Date.parse('2026-11-24T01:02:03.004Z'),
  data: { booking_id: 456, session_id: 789, action: 'created' },
  record: {
    booking_id: 456,
    user: { id: 123, name: 'Ada', email: 'ada@example.com' },
    event: { id: 101, title: 'Yoga', start_date: '2026-12-05T10:00:00.000Z' },
    facilitator_id: 7,
  },
};

/** A notification that is no booking record, with what differs. */
export function factsWith(changes: Partial<NotificationFacts> = {}): NotificationFacts {
  return { ...bookingFacts, record: {}, ...changes };
}

/** Ids that a separator, a header or a signature would be misread with. */
export const badIds: readonly string[] = ['a.b', 'a,b', 'a b', 'a\r\nx-evil: 1', 'é', 'a'.repeat(200), ''];

/** A reply as a format gets it to read. */
export function reply(status: number, body?: unknown, headers: FormatReply['headers'] = {}): FormatReply {
  return { status, headers, body: body === undefined ? '' : JSON.stringify(body), json: body };
}

/** What was sent: an id for each body. */
export function sent(...bodies: readonly string[]): readonly SentNotification[] {
  return bodies.map((body, index) => ({ id: idOf(index), body }));
}

/** What an object of a class consists of, to compare with one that is not. */
export type FieldsOf<Class> = { [Name in keyof Class]: Class[Name] };

/** The id of one of several notifications. */
export function idOf(index: number): string {
  return `01a20b12-fafc-7c3e-8f00-${String(index).padStart(12, '0')}`;
}
