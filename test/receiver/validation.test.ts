import { booking, registration, useReceiver } from './use-receiver.js';

const start = useReceiver();
const noop = () => undefined;
const on = { booking_created: noop, event_created: noop, '*': noop };

const event = (fields: object = {}) =>
  registration({
    notification_type: 'event_created',
    additional_data: { event_id: 101, action: 'created', ...fields },
  });
const withData = (fields: object) => booking(456, { additional_data: { ...booking().additional_data, ...fields } });
const record = {
  booking_id: 456,
  user: { id: 123, name: 'Ada', email: 'ada@example.com' },
  event: { id: 101, title: 'Wellness Week', start_date: '2026-12-01' },
  facilitator_id: 9,
};

describe('the fields', () => {
  it.each([
    ['no fields', {}, ['notification_id', 'notification_type', 'user_id', 'message', 'timestamp', 'additional_data']],
    ['a list', [], ['']],
    ['an empty id', { ...registration(), notification_id: '' }, ['notification_id']],
    ['an id of 129 characters', { ...registration(), notification_id: 'x'.repeat(129) }, ['notification_id']],
    ['an id with a line break', { ...registration(), notification_id: 'a\r\nb' }, ['notification_id']],
    ['a number as id', { ...registration(), notification_id: 7 }, ['notification_id']],
    ['an empty type', { ...registration(), notification_type: '' }, ['notification_type']],
    ['a type in capitals', { ...registration(), notification_type: 'User' }, ['notification_type']],
    ['the type *', { ...registration(), notification_type: '*' }, ['notification_type']],
    ['user 0', { ...registration(), user_id: 0 }, ['user_id']],
    ['half a user', { ...registration(), user_id: 1.5 }, ['user_id']],
    ['an unsafe integer', { ...registration(), user_id: 2 ** 53 }, ['user_id']],
    ['a user of 129 characters', { ...registration(), user_id: 'u'.repeat(129) }, ['user_id']],
    ['null as user', { ...registration(), user_id: null }, ['user_id']],
    ['a number as message', { ...registration(), message: 5 }, ['message']],
    ['a timestamp of yesterday', { ...registration(), timestamp: 'yesterday' }, ['timestamp']],
    ['a timestamp without its zone', { ...registration(), timestamp: '2026-11-24T01:02:03' }, ['timestamp']],
    ['the 13th month', { ...registration(), timestamp: '2026-13-24T01:02:03Z' }, ['timestamp']],
    ['a list as data', { ...registration(), additional_data: [] }, ['additional_data']],
    ['null as data', { ...registration(), additional_data: null }, ['additional_data']],
    ['a booking without its id', withData({ booking_id: undefined }), ['additional_data.booking_id']],
    ['a booking without a session', withData({ session_id: undefined }), ['additional_data.session_id']],
    ['a booking without an action', withData({ action: '' }), ['additional_data.action']],
    ['an event without its id', event({ event_id: null }), ['additional_data.event_id']],
    [
      'half a booking record',
      { ...booking(), booking_id: 456, user: record.user },
      ['event.id', 'event.title', 'event.start_date', 'facilitator_id'],
    ],
    ['a record whose user has no address', { ...booking(), ...record, user: { id: 1, name: 'Ada' } }, ['user.email']],
    [
      'a record with a text as event',
      { ...booking(), ...record, event: 'x' },
      ['event.id', 'event.title', 'event.start_date'],
    ],
  ])('%s: 400 that names them, and nothing of their values', async (_what, body, paths) => {
    const receiver = await start({ on });
    const response = await receiver.notify(body);
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid-notification' } });
    const { error, issues = [] } = response.body;
    expect(issues.map(({ path }) => path)).toEqual(paths);
    for (const { path, message } of issues) {
      expect(message).not.toBe('');
      expect(error).toContain(path);
    }
    for (const value of ['yesterday', 'uuu', 'Ada']) expect(JSON.stringify(response.body)).not.toContain(value);
  });

  it.each([
    ['a booking without a session', withData({ session_id: null })],
    ['a booking record', { ...booking(), ...record }],
    ['ids that are text', { ...withData({ booking_id: 'b-1', session_id: 's-1' }), user_id: 'usr_1' }],
    ['an id that is no UUID', { ...registration(), notification_id: 'x'.repeat(128) }],
    ['a timestamp of another zone', { ...registration(), timestamp: '2026-11-24T01:02:03+02:00' }],
    ['keys that are new', { ...registration(), added_later: 1 }],
    ['a key called __proto__', JSON.parse(`{"__proto__":{"a":1},${JSON.stringify(registration()).slice(1)}`) as object],
    [
      'a type that looks like a booking’s and has no handler of its own',
      registration({ notification_type: 'booking_reminder' }),
    ],
  ])('%s: taken', async (_what, body) => {
    const receiver = await start({ on });
    expect(await receiver.notify(body)).toMatchObject({ status: 200 });
  });
});
