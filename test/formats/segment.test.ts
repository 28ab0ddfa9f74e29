import { Analytics } from '@segment/analytics-node';
import { assertUserIdentity, type CoreSegmentEvent, validateEvent } from '@segment/analytics-core';
import { CRMValidationError } from '../../src/core/errors.js';
import type { NotificationFacts } from '../../src/format/format-definition.js';
import { segment, type SegmentOptions } from '../../src/formats/segment.js';
import { badIds, bookingFacts, factsWith, idOf, reply, sent } from './facts.js';
import { pathsOf } from './issues-of.js';
import { post, useRecorder } from './use-recorder.js';

const writeKey = 'WK';
const bodyOf = (facts: NotificationFacts, options: Partial<SegmentOptions> = {}) =>
  segment({ writeKey, ...options }).build(facts).body;
const eventOf = (facts: NotificationFacts, options: Partial<SegmentOptions> = {}): CoreSegmentEvent =>
  JSON.parse(bodyOf(facts, options)) as CoreSegmentEvent;
const outcome = segment({ writeKey }).classify!;

describe('Segment gets', () => {
  const startRecorder = useRecorder();

  it('the same as from its own library, once that one’s own keys are taken away', async () => {
    const recorder = await startRecorder();
    const analytics = new Analytics({ writeKey, host: recorder.url });
    analytics.track({
      userId: '123',
      event: 'Booking Created',
      messageId: bookingFacts.id,
      timestamp: new Date(bookingFacts.occurredAt),
      properties: { ...bookingFacts.data },
    });
    await analytics.closeAndFlush();
    const format = segment({ writeKey });
    const body = format.batch!.join([format.build(bookingFacts).body]);
    await post(recorder, format, { body, path: format.batch!.path! });

    const [theirs, ours] = recorder.requests;
    expect(ours?.line).toBe(theirs?.line);
    expect(ours?.headers.authorization).toBe(theirs?.headers.authorization);
    const { batch } = theirs?.json as { readonly batch: readonly Record<string, unknown>[] };
    const own = ['context', 'integrations', '_metadata'];
    expect(Object.keys(batch[0] ?? {})).toEqual(expect.arrayContaining(own));
    const stripped = batch.map((event) =>
      Object.fromEntries(Object.entries(event).filter(([key]) => !own.includes(key))),
    );
    expect(ours?.json).toEqual({ batch: stripped });
  });

  it('an event alone at /v1/track, in the region that was chosen', () => {
    expect(segment({ writeKey })).toMatchObject({ baseUrl: 'https://api.segment.io', path: '/v1/track' });
    expect(segment({ writeKey, region: 'eu' }).baseUrl).toBe('https://events.eu1.segmentapis.com');
  });

  it.each([
    ['booking_created', 'Booking Created'],
    ['user_registered', 'User Registered'],
    ['seen', 'Seen'],
    ['_a__b_', 'A B'],
  ])('%s under the name %s', (type, event) => {
    expect(eventOf(factsWith({ type })).event).toBe(event);
  });

  it('what the options return', () => {
    const event = eventOf(bookingFacts, {
      event: ({ type }) => `x.${type}`,
      userId: () => 'u-1',
      properties: ({ data, record }) => ({
        order: data['booking_id'],
        title: record['event'],
        at: new Date(0),
        no: undefined,
      }),
    });
    expect(event).toMatchObject({
      event: 'x.booking_created',
      userId: 'u-1',
      properties: { order: 456, title: { id: 101 }, at: '1970-01-01T00:00:00.000Z' },
    });
  });
});

describe('Segment’s own validator', () => {
  it.each([
    ['a booking', bookingFacts],
    ['a numeric user id', factsWith({ userId: 7 })],
    ['a text as user id', factsWith({ userId: 'u' })],
    ['no data', factsWith({ data: {} })],
  ])('accepts %s', (_what, facts) => {
    expect(() => {
      validateEvent(eventOf(facts));
      assertUserIdentity(eventOf(facts));
    }).not.toThrow();
  });

  it('would refuse a number as user id, so ours is made a text', () => {
    const event = eventOf(factsWith({ userId: 123 }));
    expect(event.userId).toBe('123');
    expect(() => {
      assertUserIdentity({ ...event, userId: 123 as unknown as string });
    }).toThrow(/userId/);
  });
});

describe('a notification is rejected', () => {
  it.each([undefined, null, '', ' ', Number.NaN, -1, 1.5, {}])('without a user id: %p', (userId) => {
    expect(pathsOf(() => bodyOf(factsWith({ userId: userId as never })))).toEqual(['userId']);
    expect(pathsOf(() => bodyOf(bookingFacts, { userId: () => userId }))).toEqual(['userId']);
  });

  it.each([...badIds, 'm'.repeat(100)])('with the id %j', (id) => {
    expect(pathsOf(() => bodyOf(factsWith({ id })))).toEqual(['id']);
  });

  it('when its event has more than 32 KB', () => {
    const build = () => bodyOf(factsWith({ data: { text: 'x'.repeat(32_768) } }));
    expect(build).toThrow(CRMValidationError);
    expect(build).toThrow(/Segment takes 32768/);
  });

  it.each<[string, unknown, string]>([
    ['a promise', Promise.resolve({}), 'properties'],
    ['nothing', undefined, 'properties'],
    ['a list', [1], 'properties'],
    ['a map', { seats: new Map() }, 'properties.seats'],
    ['a number that is none', { price: Number.NaN }, 'properties.price'],
  ])('when properties returns %s', (_what, returned, path) => {
    expect(pathsOf(() => bodyOf(bookingFacts, { properties: () => returned as never }))).toEqual([path]);
  });

  it.each([undefined, '', '  ', 5, 'x'.repeat(2000)])('when event returns %p', (returned) => {
    expect(pathsOf(() => bodyOf(bookingFacts, { event: () => returned as never }))).toEqual(['event']);
  });
});

describe('Segment’s replies', () => {
  const one = sent(bodyOf(bookingFacts));

  it.each([200, 400, 401, 403, 404, 413, 500, 503])('%d means what the status says', (status) => {
    expect(outcome(reply(status, { success: true }), one)).toBeUndefined();
  });

  it('200 with success: false is a rejection, with Segment’s words', () => {
    expect(outcome(reply(200, { success: false, message: 'no' }), one)).toEqual({ kind: 'rejected', detail: 'no' });
    expect(outcome(reply(200, { success: false }), one)).toMatchObject({ kind: 'rejected' });
  });

  it.each([410, 460])('%d is tried again, as its own library does', (status) => {
    expect(outcome(reply(status), one)).toEqual({ kind: 'retry' });
  });

  it('429 waits for Retry-After, else for the seconds of X-RateLimit-Reset, whatever else it holds', () => {
    expect(outcome(reply(429, undefined, { 'retry-after': '5', 'x-ratelimit-reset': '9' }), one)).toBeUndefined();
    expect(outcome(reply(429, undefined, { 'x-ratelimit-reset': '9' }), one)).toEqual({
      kind: 'retry',
      retryAfterMs: 9_000,
    });
    for (const odd of ['-1', '1.5', '99999999999', 'soon', '']) {
      expect(outcome(reply(429, undefined, { 'x-ratelimit-reset': odd }), one)).toEqual({
        kind: 'retry',
        retryAfterMs: undefined,
      });
    }
  });
});

it('a batch is the events as they were built', () => {
  const bodies = [0, 1, 2].map((index) => bodyOf(factsWith({ id: idOf(index) })));
  expect(JSON.parse(segment({ writeKey }).batch!.join(bodies))).toEqual({
    batch: bodies.map((body): unknown => JSON.parse(body)),
  });
});
