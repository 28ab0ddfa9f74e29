import { Client } from '@hubspot/api-client';
import { BatchInputSimplePublicObjectBatchInputUpsert } from '@hubspot/api-client/lib/codegen/crm/contacts/models/BatchInputSimplePublicObjectBatchInputUpsert.js';
import { SimplePublicObjectBatchInputUpsert } from '@hubspot/api-client/lib/codegen/crm/contacts/models/SimplePublicObjectBatchInputUpsert.js';
import type { NotificationFacts, Outcome } from '../../src/format/format-definition.js';
import { hubspotContacts, type HubspotContactsOptions } from '../../src/formats/hubspot-contacts.js';
import type { HubspotContactInput } from '../../src/formats/shared/hubspot-bodies.js';
import { badIds, bookingFacts, factsWith, type FieldsOf, idOf, reply, sent } from './facts.js';
import { pathsOf } from './issues-of.js';
import { post, useRecorder } from './use-recorder.js';

const properties: HubspotContactsOptions['properties'] = ({ data }) => ({ last_booking_status: data['action'] });
const bodyOf = (facts: NotificationFacts, options: Partial<HubspotContactsOptions> = {}) =>
  hubspotContacts({ properties, ...options }).build(facts).body;
const inputsOf = (body: string) => (JSON.parse(body) as { readonly inputs: readonly HubspotContactInput[] }).inputs;
const propertiesOf = (returned: unknown) =>
  inputsOf(bodyOf(bookingFacts, { properties: () => returned as never }))[0]?.properties;
const { classify, batch } = hubspotContacts({ properties });

/** As HubSpot's library takes it. The types agree, or this does not compile. */
function asTheirs(input: HubspotContactInput): SimplePublicObjectBatchInputUpsert {
  const fields: FieldsOf<SimplePublicObjectBatchInputUpsert> = { ...input, properties: { ...input.properties } };
  return Object.assign(new SimplePublicObjectBatchInputUpsert(), fields);
}

/** A body for the contact of an address. */
function contact(index: number, email: string, values: Record<string, unknown> = { status: 'created' }): string {
  return bodyOf(factsWith({ id: idOf(index) }), { email: () => email, properties: () => values });
}

describe('HubSpot gets', () => {
  const startRecorder = useRecorder();

  it('the same as from its own library', async () => {
    const recorder = await startRecorder();
    recorder.respondWith(200, { status: 'COMPLETE', results: [], startedAt: '2026-01-01', completedAt: '2026-01-01' });
    const format = hubspotContacts({ properties });
    const built = format.build(bookingFacts);
    const client = new Client({ accessToken: 'T', basePath: recorder.url });
    const request = new BatchInputSimplePublicObjectBatchInputUpsert();
    request.inputs = inputsOf(built.body).map(asTheirs);
    await client.crm.contacts.batchApi.upsert(request);
    await post(recorder, format, built, 'T');

    const [theirs, ours] = recorder.requests;
    expect(ours?.line).toBe('POST /crm/v3/objects/contacts/batch/upsert');
    expect(ours?.line).toBe(theirs?.line);
    expect(ours?.headers.authorization).toBe(theirs?.headers.authorization);
    expect(ours?.json).toEqual(theirs?.json);
  });

  it('the contact of the booking’s user, with its properties', () => {
    expect(inputsOf(bodyOf(bookingFacts))).toEqual([
      {
        id: 'ada@example.com',
        idProperty: 'email',
        objectWriteTraceId: bookingFacts.id,
        properties: { last_booking_status: 'created' },
      },
    ]);
  });

  it('the address from the additional data, or from where the option finds it', () => {
    expect(inputsOf(bodyOf(factsWith({ data: { email: 'b@example.com' } })))[0]?.id).toBe('b@example.com');
    expect(inputsOf(bodyOf(bookingFacts, { email: ({ userId }) => `u${userId}@example.com` }))[0]?.id).toBe(
      'u123@example.com',
    );
  });

  it('texts for a nested object, a list, a number, a truth and a date; and nothing clears a property', () => {
    expect(
      propertiesOf({
        'Booking.Id': 456,
        room: { name: 'A', size: { seats: 5 } },
        tags: ['a', 'b', 3],
        guests: [{ name: 'Ada' }],
        paid: true,
        at: new Date('2026-11-24T01:02:03.004Z'),
        note: null,
        gone: undefined,
      }),
    ).toEqual({
      booking_id: '456',
      room_name: 'A',
      room_size_seats: '5',
      tags: 'a;b;3',
      guests: '[{"name":"Ada"}]',
      paid: 'true',
      at: '2026-11-24T01:02:03.004Z',
      note: '',
    });
  });

  it('the path of another version, when the option names it', () => {
    const path = '/crm/objects/2026-03/contacts/batch/upsert';
    expect(hubspotContacts({ properties, path })).toMatchObject({ path, baseUrl: 'https://api.hubapi.com' });
  });
});

describe('a notification is rejected', () => {
  it.each([undefined, '', 'ada', 'ada@', 'a b@example.com', 'a@b\r\n', 5, 'a@'.repeat(200)])(
    'with the address %p',
    (email) => {
      expect(pathsOf(() => bodyOf(bookingFacts, { email: () => email }))).toEqual(['email']);
    },
  );

  it('without an address, with the ways to give one', () => {
    expect(() => bodyOf(factsWith())).toThrow(/email.*additionalData.*option email/);
  });

  it.each(badIds)('with the id %j', (id) => {
    expect(pathsOf(() => bodyOf(factsWith({ id }), { email: () => 'a@b.c' }))).toEqual(['id']);
  });

  it('when properties returns something that is no data', () => {
    expect(pathsOf(() => propertiesOf({ seats: new Set() }))).toEqual(['properties.seats']);
  });
});

describe('several contacts in one request', () => {
  it('are all there, each with its own trace id', () => {
    const bodies = [contact(0, 'a@example.com'), contact(1, 'b@example.com')];
    expect(inputsOf(batch!.join(bodies))).toEqual(bodies.flatMap(inputsOf));
  });

  it('are joined when they are the same contact, because HubSpot refuses it twice; the later value wins', () => {
    const joined = batch!.join([
      contact(0, 'Ada@example.com', { status: 'created', first: 'x' }),
      contact(1, 'b@example.com'),
      contact(2, 'ada@example.com', { status: 'cancelled' }),
    ]);
    expect(inputsOf(joined)).toEqual([
      {
        id: 'ada@example.com',
        idProperty: 'email',
        objectWriteTraceId: idOf(2),
        properties: { status: 'cancelled', first: 'x' },
      },
      expect.objectContaining({ id: 'b@example.com' }),
    ]);
  });
});

describe('HubSpot’s replies', () => {
  const three = sent(contact(0, 'a@example.com'), contact(1, 'b@example.com'), contact(2, 'c@example.com'));
  const delivered: Outcome = { kind: 'delivered' };
  const error = (traceId: string | undefined, category = 'VALIDATION_ERROR', message = 'no such property') => ({
    status: 'error',
    category,
    message,
    context: traceId === undefined ? {} : { objectWriteTraceId: [traceId] },
  });

  it.each([200, 201])('%d is a delivery of all, though its reply may be too long to be read', (status) => {
    expect(classify!(reply(status, undefined), three)).toEqual({ kind: 'delivered' });
  });

  it.each([400, 401, 403, 404, 500, 502])('%d means what the status says', (status) => {
    expect(classify!(reply(status, { status: 'COMPLETE' }), three)).toBeUndefined();
  });

  it('207 is read contact by contact: those it names are rejected with its reason, the others delivered', () => {
    const body = { status: 'COMPLETE', results: [{ id: '1' }, { id: '3' }], numErrors: 1, errors: [error(idOf(1))] };
    expect(classify!(reply(207, body), three)).toEqual([
      delivered,
      { kind: 'rejected', detail: 'VALIDATION_ERROR: no such property' },
      delivered,
    ]);
  });

  it('207 with an error that names no contact tries those again that are not among the results', () => {
    const results = [{ id: '1', objectWriteTraceId: idOf(0) }];
    const body = { results, errors: [error(undefined), error(idOf(2))] };
    expect(classify!(reply(207, body), three)).toEqual([
      delivered,
      { kind: 'retry' },
      { kind: 'rejected', detail: 'VALIDATION_ERROR: no such property' },
    ]);
  });

  it.each(['RATE_LIMITS', 'INTERNAL_ERROR'])('207 with %s tries that contact again', (category) => {
    const body = { results: [], errors: [error(idOf(0), category)] };
    expect(classify!(reply(207, body), three)).toEqual([{ kind: 'retry' }, delivered, delivered]);
  });

  it.each([undefined, null, 'text', [], {}, { errors: 'x' }, { errors: [null, 5, {}] }])(
    '207 with the body %j settles nothing wrongly',
    (body) => {
      const outcomes = [classify!(reply(207, body), three)].flat();
      expect(outcomes.filter((outcome) => outcome?.kind === 'rejected')).toEqual([]);
    },
  );

  it('207 that cannot be read tries all again, which changes nothing for contacts that were taken', () => {
    expect(classify!(reply(207), three)).toEqual({ kind: 'retry' });
  });

  it('207 blames of one contact’s notifications only the one with the property', () => {
    const twice = sent(
      contact(0, 'a@example.com', { missing: 'x' }),
      contact(1, 'b@example.com'),
      contact(2, 'A@example.com', { status: 'cancelled' }),
    );
    const message =
      'Property values were not valid: [{"isValid":false,"error":"PROPERTY_DOESNT_EXIST","name":"missing"}]';
    const body = { results: [], errors: [error(idOf(2), 'VALIDATION_ERROR', message)] };
    expect(classify!(reply(207, body), twice)).toEqual([
      { kind: 'rejected', detail: `VALIDATION_ERROR: ${message}` },
      delivered,
      { kind: 'retry' },
    ]);
  });

  it('429 for the day waits an hour with the whole target, and does not spin', () => {
    const daily = {
      status: 'error',
      message: 'You have reached your daily limit.',
      errorType: 'RATE_LIMIT',
      policyName: 'DAILY',
    };
    expect(classify!(reply(429, daily), three)).toEqual({ kind: 'retry', retryAfterMs: 3_600_000, pausesTarget: true });
  });

  it('429 for ten seconds waits ten seconds, or longer if it says so', () => {
    const policy = { policyName: 'TEN_SECONDLY_ROLLING' };
    const wait = { kind: 'retry', pausesTarget: true };
    expect(classify!(reply(429, policy), three)).toEqual({ ...wait, retryAfterMs: 10_000 });
    expect(classify!(reply(429, policy, { 'retry-after': '30' }), three)).toEqual({ ...wait, retryAfterMs: 30_000 });
    expect(classify!(reply(429), three)).toEqual({ ...wait, retryAfterMs: 10_000 });
  });

  it('423 and 477 are tried again: a lock ends soon, and an account is moved for as long as it says', () => {
    expect(classify!(reply(423), three)).toEqual({ kind: 'retry', retryAfterMs: 2_000 });
    expect(classify!(reply(477, undefined, { 'retry-after': '7200' }), three)).toEqual({
      kind: 'retry',
      retryAfterMs: 7_200_000,
      pausesTarget: true,
    });
  });
});
