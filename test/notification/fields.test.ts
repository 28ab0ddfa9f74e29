import type { BookingInput, EventInput, NotificationInput } from '../../src/index.js';
import { useStage, type Stage } from '../helpers/stage.js';

const general: NotificationInput = { notificationType: 'seen', userId: 1, message: 'Seen' };
const booking: BookingInput = {
  bookingId: 1,
  userId: 2,
  sessionId: 3,
  action: 'created',
  user: { id: 4, name: 'Ada', email: 'ada@example.com' },
  event: { id: 5, title: 'Yoga', startDate: '2026-12-05' },
  facilitatorId: 6,
};
const event: EventInput = { eventId: 1, userId: 2, action: 'updated' };

describe('the fields of a notification', () => {
  const setStage = useStage();

  /** Calls with one field replaced; answers the issues, or none when it was accepted. */
  async function issuesOf(stage: Stage, path: string, value: unknown): Promise<unknown> {
    const [kind, ...keys] = path.split('.') as [string, ...string[]];
    const receipt =
      kind === 'general'
        ? await stage.crm.notify(replaced(general, keys, value))
        : kind === 'booking'
          ? await stage.crm.notifyBooking(replaced(booking, keys, value))
          : await stage.crm.notifyEvent(replaced(event, keys, value));
    return receipt.accepted ? [] : (receipt.error as unknown as { issues: unknown }).issues;
  }

  const idPaths = [
    'general.userId',
    'booking.bookingId',
    'booking.userId',
    'booking.sessionId',
    'booking.user.id',
    'booking.event.id',
    'booking.facilitatorId',
    'event.eventId',
    'event.userId',
  ];
  const numberOrText = 'must be a positive safe integer or a string';
  const objectInstead = 'is an object; pass its text, such as id.toString()';
  const length = 'must have 1 to 128 characters';

  it.each(idPaths)('case 21: an id that is none is rejected, naming the field: %s', async (path) => {
    const stage = await setStage();
    const field = path.replace(/^\w+\./, '');
    const unsound: [unknown, string][] = [
      [0, numberOrText],
      [-1, numberOrText],
      [1.5, numberOrText],
      [NaN, numberOrText],
      [2 ** 53, numberOrText],
      [Infinity, numberOrText],
      [true, numberOrText],
      // A booking may have no session.
      ...(path === 'booking.sessionId' ? [] : [[null, numberOrText] as [unknown, string]]),
      [1n, 'is a BigInt; pass its text: String(id)'],
      [[1], numberOrText],
      [{}, objectInstead],
      [Object('1'), objectInstead],
      [{ toHexString: () => '' }, length],
      [{ toHexString: () => 5n }, 'is a BigInt; pass its text: String(id)'],
      ['', length],
      ['x'.repeat(129), length],
    ];
    for (const [value, message] of unsound) {
      expect(await issuesOf(stage, path, value)).toEqual([{ path: field, message }]);
    }
    const objectId = { toHexString: () => '65f0c0ffee65f0c0ffee65f0' };
    for (const value of [1, 2 ** 53 - 1, '0', '-1', 'x'.repeat(128), ' ', 'é'.repeat(128), objectId]) {
      expect(await issuesOf(stage, path, value)).toEqual([]);
    }
    expect(stage.rejected).toHaveLength(unsound.length);
  });

  it('case 21: an id of digits stays the string it is', async () => {
    const { crm, posted } = await setStage();
    await crm.notifyBooking({ ...booking, bookingId: '0456', userId: '1e3' });
    const [first] = await posted();
    expect(first?.json).toMatchObject({ user_id: '1e3', additional_data: { booking_id: '0456' } });
  });

  it('F5: an id with toHexString is sent as that string, in the fields, the record, the message and the lane', async () => {
    const { crm, posted } = await setStage();
    const id = (hex: string) => ({ toHexString: () => hex });
    await crm.notifyBooking({
      bookingId: id('b0'),
      userId: id('a1'),
      sessionId: id('c2'),
      facilitatorId: id('d3'),
      user: { id: id('a1'), name: 'Ada', email: 'ada@example.com' },
      event: { id: id('e4'), title: 'Yoga', startDate: '2026-12-05' },
      action: 'created',
    });
    await crm.notifyEvent({ eventId: id('e4'), userId: id('a1'), action: 'updated' });
    await crm.notify({ notificationType: 'seen', userId: id('a1'), message: 'Seen' });
    const bodies = (await posted()).map(({ json }) => json);
    expect(bodies).toMatchObject([
      {
        user_id: 'a1',
        message: 'Booking b0 created',
        booking_id: 'b0',
        facilitator_id: 'd3',
        user: { id: 'a1' },
        event: { id: 'e4' },
        additional_data: { booking_id: 'b0', session_id: 'c2' },
      },
      { user_id: 'a1', message: 'Event e4 updated', additional_data: { event_id: 'e4' } },
      { user_id: 'a1' },
    ]);
  });

  it('rejects additional_data, the name on the wire, instead of losing it', async () => {
    const { crm, rejected } = await setStage();
    const input = { notificationType: 'seen', userId: 1, message: 'Seen', additional_data: { a: 1 } };
    await crm.notify(input);
    expect(rejected.map(({ error }) => error.message)).toEqual([
      'notification is not valid: additional_data: is called additionalData here',
    ]);
  });

  it('F5: an id with toHexString in the additional data is sent as that string', async () => {
    const { crm, posted } = await setStage();
    const member = { toHexString: () => 'a1b2' };
    class ObjectId {
      readonly #hex = 'c3d4';
      toHexString(): string {
        return this.#hex;
      }
    }
    const additionalData = { member, list: [new ObjectId()] };
    await crm.notify({ notificationType: 'seen', userId: 1, message: 'Seen', additionalData });
    const [first] = await posted();
    expect(first?.json['additional_data']).toEqual({ member: 'a1b2', list: ['c3d4'] });
  });

  it('F15: a booking without a session has null for it', async () => {
    const { crm, posted } = await setStage();
    await crm.notifyBooking({ bookingId: 1, userId: 2, sessionId: null, action: 'created' });
    const [first] = await posted();
    expect(first?.json['additional_data']).toEqual({ booking_id: 1, session_id: null, action: 'created' });
  });

  it.each(['general.notificationType', 'booking.action', 'event.action'])(
    'case 24: a word that is none is rejected: %s',
    async (path) => {
      const stage = await setStage();
      for (const word of ['', 'has space', 'a\r\nb', 'a\n', 'Created', 'c'.repeat(200), 'é', 'a-b', 5, null, {}]) {
        expect(await issuesOf(stage, path, word)).toEqual([
          {
            path: path.replace(/^\w+\./, ''),
            message: expect.stringMatching(/^must be 1 to (64|56|58) characters of a-z, 0-9 and _$/),
          },
        ]);
      }
      expect(await issuesOf(stage, path, 'creatd')).toEqual([]);
      expect(await issuesOf(stage, path, undefined)).toEqual([expect.objectContaining({ message: 'is missing' })]);
    },
  );

  it.each<[string, unknown, string]>([
    ['general.message', '', 'must be a string that is not empty'],
    ['general.message', 5, 'must be a string that is not empty'],
    ['general.message', undefined, 'is missing'],
    ['general.userId', undefined, 'is missing'],
    ['general.lane', '', 'must be a string of 1 to 256 characters'],
    ['general.lane', 'x'.repeat(257), 'must be a string of 1 to 256 characters'],
    ['booking.user', 'Ada', 'must be a plain object { id, name, email }'],
    ['booking.user', null, 'must be a plain object { id, name, email }'],
    ['booking.user.name', '', 'must be a string that is not empty'],
    ['booking.user.email', undefined, 'is missing'],
    ['booking.event', [], 'must be a plain object { id, title, startDate }'],
    ['booking.event.title', 5, 'must be a string that is not empty'],
    ['booking.event.startDate', new Date('never'), 'must be a valid date or a string that is not empty'],
    ['booking.event.startDate', 5, 'must be a valid date or a string that is not empty'],
    ['booking.event.startDate', '', 'must be a valid date or a string that is not empty'],
  ])('%s that is %j is rejected', async (path, value, message) => {
    expect(await issuesOf(await setStage(), path, value)).toEqual([{ path: path.replace(/^\w+\./, ''), message }]);
  });

  it('are all named at once', async () => {
    const { crm, log } = await setStage();
    const receipt = await crm.notifyBooking({
      ...booking,
      bookingId: 0,
      sessionId: '',
      action: 'No',
      user: { id: 1, name: '', email: 'Ada' },
    });
    expect(receipt).toMatchObject({
      accepted: false,
      error: {
        issues: ['bookingId', 'sessionId', 'action', 'user.name'].map((path) => ({
          path,
          message: expect.any(String),
        })),
      },
    });
    expect(log.text()).not.toContain('Ada');
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'Ada'],
    ['a function', () => general],
  ])('case 16: a call with %s is rejected', async (_what, input) => {
    const { crm } = await setStage();
    for (const call of [crm.notify, crm.notifyBooking, crm.notifyEvent] as ((input: never) => Promise<unknown>)[]) {
      expect(await call(input as never)).toMatchObject({
        accepted: false,
        error: { message: 'notification is not valid: must be an object with the fields of the notification' },
      });
    }
  });

  it('case 16: a call whose fields cannot be read is rejected, without quoting', async () => {
    const { crm, log, rejected } = await setStage();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = {
      get userId(): number {
        throw new Error('Ada');
      },
    };
    for (const input of [proxy, throwing]) {
      expect(await crm.notify(input as NotificationInput)).toMatchObject({ accepted: false });
    }
    expect(rejected.map(({ error }) => error.message)).toEqual(
      new Array(2).fill('notification is not valid: cannot be read: reading one of its properties throws'),
    );
    expect(log.text()).not.toContain('Ada');
  });
});

function replaced<Input extends object>(input: Input, [key = '', ...rest]: readonly string[], value: unknown): Input {
  const inner = (input as Record<string, unknown>)[key];
  return { ...input, [key]: rest.length === 0 ? value : replaced(inner as object, rest, value) };
}
