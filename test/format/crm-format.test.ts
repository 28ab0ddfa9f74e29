import { version } from '../../src/core/version.js';
import type { BookingInput } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { testToken, useStage } from '../helpers/stage.js';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timestamp = '2026-11-24T01:02:03.004Z';

describe('the wire format', () => {
  const setStage = useStage();
  const setStageAtRest = () => setStage({ clock: createOwnedClock(Date.parse(timestamp)) });

  const booking: BookingInput = {
    bookingId: 456,
    userId: 123,
    sessionId: 789,
    action: 'created',
    additionalData: { session_name: 'Yoga Class' },
  };

  it('of a booking', async () => {
    const { crm, posted } = await setStageAtRest();
    const receipt = await crm.notifyBooking(booking);
    const [first] = await posted();
    expect(receipt).toEqual({ accepted: true, id: expect.stringMatching(uuidV7), isStored: true });
    expect(first?.text).toBe(
      `{"notification_id":"${idOf(receipt)}","notification_type":"booking_created","user_id":123,` +
        `"message":"Booking 456 created","timestamp":"${timestamp}",` +
        '"additional_data":{"booking_id":456,"session_id":789,"action":"created","session_name":"Yoga Class"}}',
    );
  });

  it('of a booking that is a booking record as well', async () => {
    const { crm, posted } = await setStageAtRest();
    await crm.notifyBooking({
      ...booking,
      user: { id: 123, name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Yoga', startDate: new Date('2026-12-05T10:00:00Z') },
      facilitatorId: 7,
    });
    const [first] = await posted();
    expect(first?.json).toEqual({
      notification_id: expect.stringMatching(uuidV7),
      notification_type: 'booking_created',
      user_id: 123,
      message: 'Booking 456 created',
      timestamp,
      booking_id: 456,
      user: { id: 123, name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Yoga', start_date: '2026-12-05T10:00:00.000Z' },
      facilitator_id: 7,
      additional_data: { booking_id: 456, session_id: 789, action: 'created', session_name: 'Yoga Class' },
    });
  });

  it.each<[string, Partial<BookingInput>]>([
    ['user', { user: { id: 123, name: 'Ada', email: 'ada@example.com' } }],
    ['event', { event: { id: 101, title: 'Yoga', start_date: '2026-12-05' } }],
    ['facilitator', { facilitatorId: 7 }],
    [
      'user and event',
      { user: { id: 1, name: 'Ada', email: 'a@b' }, event: { id: 1, title: 'Yoga', start_date: 'x' } },
    ],
  ])('has none of a record’s keys for %s alone', async (_what, part) => {
    const { crm, posted } = await setStageAtRest();
    await crm.notifyBooking({ ...booking, ...part });
    const [first] = await posted();
    expect(Object.keys(first?.json ?? {})).toEqual([
      'notification_id',
      'notification_type',
      'user_id',
      'message',
      'timestamp',
      'additional_data',
    ]);
  });

  it('of an event', async () => {
    const { crm, posted } = await setStageAtRest();
    const receipt = await crm.notifyEvent({ eventId: 'e-101', userId: 'u-123', action: 'updated' });
    const [first] = await posted();
    expect(first?.text).toBe(
      `{"notification_id":"${idOf(receipt)}","notification_type":"event_updated","user_id":"u-123",` +
        `"message":"Event e-101 updated","timestamp":"${timestamp}",` +
        '"additional_data":{"event_id":"e-101","action":"updated"}}',
    );
  });

  it('of anything else', async () => {
    const { crm, posted } = await setStageAtRest();
    const receipt = await crm.notify({
      notificationType: 'user_registered',
      userId: 123,
      message: 'New user',
      additionalData: { plan: 'free', since: new Date('2026-11-24T00:00:00Z'), left: undefined, none: null },
    });
    const bare = await crm.notify({ notificationType: 'user_left', userId: 123, message: 'User left' });
    const [first, second] = await posted();
    expect(first?.text).toBe(
      `{"notification_id":"${idOf(receipt)}","notification_type":"user_registered","user_id":123,` +
        `"message":"New user","timestamp":"${timestamp}",` +
        '"additional_data":{"plan":"free","since":"2026-11-24T00:00:00.000Z","none":null}}',
    );
    expect(second?.text).toBe(
      `{"notification_id":"${idOf(bare)}","notification_type":"user_left","user_id":123,` +
        `"message":"User left","timestamp":"${timestamp}","additional_data":{}}`,
    );
  });

  it('has these headers, and no others', async () => {
    const { crm, posted, scripted } = await setStageAtRest();
    const receipt = await crm.notifyBooking({ ...booking, additionalData: { name: 'é😀' } });
    const [first] = await posted();
    expect(first).toMatchObject({ method: 'POST', url: '/notify' });
    expect(first?.headers).toEqual({
      host: scripted.url.replace('http://', ''),
      connection: 'keep-alive',
      authorization: `Bearer ${testToken}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(first?.text ?? '')),
      accept: 'application/json',
      'accept-encoding': 'identity',
      'idempotency-key': idOf(receipt),
      'user-agent': `express-crm-notifier/${version}`,
    });
    expect(first?.json['notification_id']).toBe(idOf(receipt));
  });

  it('is the same, bytes and id, on every attempt; from the second on a header counts them', async () => {
    const clock = createOwnedClock();
    const { crm, posted, scripted } = await setStage({ clock });
    scripted.answerWith(inTurn(reply(503), reply(500), accept));
    await crm.notifyBooking(booking);
    await posted();
    await clock.advance(1_000);
    await posted();
    await clock.advance(2_000);
    const attempts = await posted();
    expect(attempts).toHaveLength(3);
    expect(new Set(attempts.map(({ text }) => text)).size).toBe(1);
    expect(new Set(attempts.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(attempts.map(({ headers }) => headers['x-retry-count'])).toEqual([undefined, '1', '2']);
  });

  it('has ids that sort in the order of acceptance', async () => {
    const { crm } = await setStageAtRest();
    const receipts = await Promise.all(Array.from({ length: 100 }, () => crm.notifyBooking(booking)));
    const ids = receipts.map(idOf);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(100);
  });

  it.each([
    ['booking', { booking_id: 1, session_id: 2, action: 'x', event_id: 3, note: 'kept' }],
    ['event', { booking_id: 1, session_id: 2, action: 'x', event_id: 3, note: 'kept' }],
  ])('case 22: the user’s additional data of a %s cannot replace ours', async (kind, additionalData) => {
    const { crm, posted } = await setStageAtRest();
    if (kind === 'booking') await crm.notifyBooking({ ...booking, additionalData });
    else await crm.notifyEvent({ eventId: 101, userId: 123, action: 'updated', additionalData });
    const [first] = await posted();
    expect(first?.json['additional_data']).toEqual(
      kind === 'booking'
        ? { booking_id: 456, session_id: 789, action: 'created', event_id: 3, note: 'kept' }
        : { event_id: 101, action: 'updated', booking_id: 1, session_id: 2, note: 'kept' },
    );
    expect(first?.text.split('"action"')).toHaveLength(2);
  });

  it('case 22: nor can any key of it replace a key beside it', async () => {
    const { crm, posted } = await setStageAtRest();
    const additionalData = { notification_id: 'x', notification_type: 'x', user_id: 'x', message: 'x', timestamp: 'x' };
    const receipt = await crm.notifyBooking({ ...booking, additionalData });
    const [first] = await posted();
    expect(first?.json).toMatchObject({
      notification_id: idOf(receipt),
      notification_type: 'booking_created',
      user_id: 123,
      message: 'Booking 456 created',
      timestamp,
    });
  });
});

function idOf(receipt: { readonly accepted: boolean; readonly id?: string }): string {
  return receipt.id ?? 'none';
}
