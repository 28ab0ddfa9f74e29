import { Client } from '@hubspot/api-client';
import { BatchedBehavioralEventHttpCompletionRequest } from '@hubspot/api-client/lib/codegen/events/send/models/BatchedBehavioralEventHttpCompletionRequest.js';
import { BehavioralEventHttpCompletionRequest } from '@hubspot/api-client/lib/codegen/events/send/models/BehavioralEventHttpCompletionRequest.js';
import type { NotificationFacts } from '../../src/format/format-definition.js';
import { hubspotEvents, type HubspotEventsOptions } from '../../src/formats/hubspot-events.js';
import type { HubspotEvent } from '../../src/formats/shared/hubspot-bodies.js';
import { badIds, bookingFacts, factsWith, type FieldsOf, idOf, reply, sent } from './facts.js';
import { pathsOf } from './issues-of.js';
import { post, useRecorder } from './use-recorder.js';

const eventName = 'pe1234567_booking_created';
const bodyOf = (facts: NotificationFacts, options: Partial<HubspotEventsOptions> = {}) =>
  hubspotEvents({ eventName, ...options }).build(facts).body;
const eventOf = (facts: NotificationFacts, options: Partial<HubspotEventsOptions> = {}) =>
  JSON.parse(bodyOf(facts, options)) as HubspotEvent;
const propertiesOf = (returned: Readonly<Record<string, unknown>>) =>
  eventOf(bookingFacts, { properties: () => returned }).properties;

/** As HubSpot's library takes it: with a date. The types agree, or this does not compile. */
function asTheirs(event: HubspotEvent): BehavioralEventHttpCompletionRequest {
  const { occurredAt, properties, ...others } = event;
  const fields: FieldsOf<BehavioralEventHttpCompletionRequest> = {
    ...others,
    occurredAt: new Date(occurredAt),
    properties: { ...properties },
  };
  return Object.assign(new BehavioralEventHttpCompletionRequest(), fields);
}

describe('HubSpot gets', () => {
  const startRecorder = useRecorder();

  it('an event as from its own library', async () => {
    const recorder = await startRecorder();
    recorder.respondWith(204);
    const format = hubspotEvents({ eventName });
    const built = format.build(bookingFacts);
    const client = new Client({ accessToken: 'T', basePath: recorder.url });
    await client.events.send.basicApi.send(asTheirs(eventOf(bookingFacts)));
    await post(recorder, format, built, 'T');

    const [theirs, ours] = recorder.requests;
    expect(ours?.line).toBe('POST /events/v3/send');
    expect(ours?.line).toBe(theirs?.line);
    expect(ours?.headers.authorization).toBe(theirs?.headers.authorization);
    expect(ours?.json).toEqual(theirs?.json);
  });

  it('a batch of events as from its own library', async () => {
    const recorder = await startRecorder();
    recorder.respondWith(204);
    const format = hubspotEvents({ eventName });
    const events = [0, 1].map((index) => factsWith({ ...bookingFacts, id: idOf(index) }));
    const client = new Client({ accessToken: 'T', basePath: recorder.url });
    const request = new BatchedBehavioralEventHttpCompletionRequest();
    request.inputs = events.map((facts) => asTheirs(eventOf(facts)));
    await client.events.send.batchApi.send(request);
    const body = format.batch!.join(events.map((facts) => bodyOf(facts)));
    await post(recorder, format, { body, path: format.batch!.path! }, 'T');

    const [theirs, ours] = recorder.requests;
    expect(ours?.line).toBe('POST /events/v3/send/batch');
    expect(ours?.line).toBe(theirs?.line);
    expect(ours?.json).toEqual(theirs?.json);
  });

  it('only keys that its own model knows, and texts as values', () => {
    const known = BehavioralEventHttpCompletionRequest.getAttributeTypeMap().map(({ baseName }) => baseName);
    const event = eventOf(bookingFacts);
    expect(known).toEqual(expect.arrayContaining(Object.keys(event)));
    expect(Object.values(event.properties)).toEqual(['456', '789', 'created']);
  });

  it('the paths of another version, when the option names one', () => {
    const format = hubspotEvents({ eventName, path: '/events/custom/2026-09/send' });
    expect(format.path).toBe('/events/custom/2026-09/send');
    expect(format.batch?.path).toBe('/events/custom/2026-09/send/batch');
  });

  it('the name of the event that belongs to the notification', () => {
    expect(eventOf(bookingFacts, { eventName: ({ type }) => `pe7_${type}` }).eventName).toBe('pe7_booking_created');
  });

  it('whose event it is: an address, the id of a record, or a user token', () => {
    const identityOf = (options: Partial<HubspotEventsOptions>) => {
      const { email, objectId, utk } = eventOf(bookingFacts, options);
      return { email, objectId, utk };
    };
    expect(identityOf({})).toEqual({ email: 'ada@example.com' });
    expect(identityOf({ email: () => 'b@example.com' })).toEqual({ email: 'b@example.com' });
    expect(identityOf({ objectId: () => 608051 })).toEqual({ objectId: '608051' });
    expect(identityOf({ utk: () => 'abc' })).toEqual({ utk: 'abc' });
  });
});

describe('the properties of an event', () => {
  it('a nested object becomes properties of its own', () => {
    expect(propertiesOf({ room: { name: 'A', floor: { level: 2 } } })).toEqual({
      room_name: 'A',
      room_floor_level: '2',
    });
  });

  it('an array is joined with ;, one with objects in it is JSON', () => {
    expect(propertiesOf({ tags: ['a', 2, true], guests: [{ n: 1 }], none: [] })).toEqual({
      tags: 'a;2;true',
      guests: '[{"n":1}]',
      none: '',
    });
  });

  it('a number and a truth are texts, and null is left out', () => {
    expect(propertiesOf({ n: 5, paid: false, nothing: null })).toEqual({ n: '5', paid: 'false' });
  });

  it('of 51 properties the first 50 are sent', () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`p${index}`, index]));
    const names = Object.keys(propertiesOf(many));
    expect(names).toHaveLength(50);
    expect(names).toEqual(Object.keys(many).slice(0, 50));
  });

  it('a value of 51 characters is sent whole, as HubSpot takes 256 by now; longer ones are cut off', () => {
    const url = `https://example.com/${'x'.repeat(2000)}`;
    const sentProperties = propertiesOf({ short: 'x'.repeat(51), long: 'x'.repeat(257), page_url: url, referrer: url });
    expect(sentProperties).toEqual({
      short: 'x'.repeat(51),
      long: 'x'.repeat(256),
      page_url: url.slice(0, 1024),
      referrer: url.slice(0, 1024),
    });
  });

  it('a value is not cut through a character of two halves', () => {
    expect(propertiesOf({ text: `${'x'.repeat(255)}😀` })).toEqual({ text: 'x'.repeat(255) });
  });

  it('the key Booking.Id is booking_id, and the first of two that end up alike is sent', () => {
    expect(propertiesOf({ 'Booking.Id': 1, 'booking id': 2, '1st_Seat': 'x', __proto__x: 'y', '!': 'z' })).toEqual({
      booking_id: '1',
      st_seat: 'x',
      proto__x: 'y',
    });
  });

  it('a name has at most 50 characters', () => {
    expect(Object.keys(propertiesOf({ ['n'.repeat(60)]: 1 }))).toEqual(['n'.repeat(50)]);
  });
});

describe('a notification is rejected', () => {
  it.each(badIds)('with the id %j', (id) => {
    expect(pathsOf(() => bodyOf({ ...bookingFacts, id }))).toEqual(['id']);
  });

  it('when it belongs to nobody', () => {
    expect(pathsOf(() => bodyOf(factsWith()))).toEqual(['email']);
    expect(pathsOf(() => bodyOf(bookingFacts, { objectId: () => undefined }))).toEqual(['objectId']);
    expect(pathsOf(() => bodyOf(bookingFacts, { utk: () => '' }))).toEqual(['utk']);
  });

  it.each(['booking_created', 'pe1_A', undefined])('when its event’s name is %p', (name) => {
    expect(pathsOf(() => bodyOf(bookingFacts, { eventName: () => name as never }))).toEqual(['eventName']);
  });
});

describe('HubSpot’s replies', () => {
  const { classify } = hubspotEvents({ eventName });
  const one = sent(bodyOf(bookingFacts));

  it.each([204, 400, 401, 403, 404, 500])('%d means what the status says', (status) => {
    expect(classify!(reply(status), one)).toBeUndefined();
  });

  it('429 for the day waits an hour with the whole target', () => {
    expect(classify!(reply(429, { policyName: 'DAILY' }), one)).toEqual({
      kind: 'retry',
      retryAfterMs: 3_600_000,
      pausesTarget: true,
    });
  });
});
