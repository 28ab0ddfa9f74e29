import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { standardWebhooks } from '../../src/formats/standard-webhooks.js';
import { badIds, bookingFacts, factsWith } from './facts.js';
import { pathsOf } from './issues-of.js';

const payloadOf = (body: string) => JSON.parse(body) as Record<string, unknown>;

it('the payload is what the library verifies, byte for byte, with type, timestamp and data', () => {
  const { body } = standardWebhooks().build(bookingFacts);
  const webhook = new Webhook(`whsec_${randomBytes(32).toString('base64')}`);
  const at = new Date();
  const payload: unknown = webhook.verify(body, {
    'webhook-id': bookingFacts.id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': webhook.sign(bookingFacts.id, at, body),
  });
  expect(payload).toEqual({
    type: 'booking.created',
    timestamp: '2026-11-24T01:02:03.004Z',
    data: { user_id: 123, message: 'Booking 456 created', ...bookingFacts.record, additional_data: bookingFacts.data },
  });
});

it.each([
  ['booking_created', 'booking.created'],
  ['password_reset_asked', 'password.reset_asked'],
  ['seen', 'seen'],
  ['_seen', '_seen'],
  ['seen_', 'seen_'],
])('the type %s is sent as %s', (type, sent) => {
  expect(payloadOf(standardWebhooks().build(factsWith({ type })).body)['type']).toBe(sent);
});

it('type, data and path are what the options say', () => {
  const format = standardWebhooks({ path: '/hooks', type: () => 'a.b_c.D1', data: () => ({ x: 1 }) });
  expect(format.path).toBe('/hooks');
  expect(payloadOf(format.build(bookingFacts).body)).toMatchObject({ type: 'a.b_c.D1', data: { x: 1 } });
});

it.each(['a..b', '.a', 'a b', 'é', '', undefined])('the type %p is refused', (type) => {
  expect(pathsOf(() => standardWebhooks({ type: () => type as never }).build(bookingFacts))).toEqual(['type']);
});

it.each(badIds)('the id %j is refused, because a signature could be misread with it', (id) => {
  expect(pathsOf(() => standardWebhooks().build(factsWith({ id })))).toEqual(['id']);
});
