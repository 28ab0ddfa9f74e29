import type { NotificationFacts, Outcome } from '../../src/format/format-definition.js';
import { salesforceEvent, type SalesforceEventOptions } from '../../src/formats/salesforce-event.js';
import type { CompositeRequest } from '../../src/formats/shared/salesforce-composite.js';
import { badIds, bookingFacts, factsWith, idOf, reply } from './facts.js';
import { pathsOf } from './issues-of.js';

const options: SalesforceEventOptions = {
  event: 'Booking_Event__e',
  fields: ({ type, data }) => ({ Type__c: type, Booking_Id__c: data['booking_id'] }),
};
const build = (facts: NotificationFacts, changes: Partial<SalesforceEventOptions> = {}) =>
  salesforceEvent({ ...options, ...changes }).build(facts);
const partsOf = (body: string) => (JSON.parse(body) as CompositeRequest).compositeRequest;
const { classify, batch } = salesforceEvent(options);

const delivered: Outcome = { kind: 'delivered' };
const enqueued = {
  id: 'e01xx0000000001AAA',
  success: true,
  errors: [{ statusCode: 'OPERATION_ENQUEUED', message: '232fd30e-0a71-42bd-a97b-be0e329b2ded', fields: [] }],
};
const failed = (statusCode: string) => ({ success: false, errors: [{ statusCode, message: 'why', fields: [] }] });

describe('Salesforce gets', () => {
  it('a platform event with the notification’s id', () => {
    expect(build(bookingFacts).path).toBeUndefined();
    expect(salesforceEvent(options).path).toBe('/services/data/v63.0/composite');
    expect(JSON.parse(build(bookingFacts).body)).toEqual({
      allOrNone: false,
      compositeRequest: [
        {
          method: 'POST',
          url: '/services/data/v63.0/sobjects/Booking_Event__e/',
          referenceId: 'n01a20b12_fafc_7c3e_8f00_2b8c5d1e9f10',
          body: { Event_Id__c: bookingFacts.id, Type__c: 'booking_created', Booking_Id__c: 456 },
        },
      ],
    });
  });

  it('the id in the field, and by the version, that the options name', () => {
    const [part] = partsOf(build(bookingFacts, { idField: 'acme__Key__c', apiVersion: '66.0' }).body);
    expect(part?.url).toBe('/services/data/v66.0/sobjects/Booking_Event__e/');
    expect(part?.body).toMatchObject({ acme__Key__c: bookingFacts.id });
  });

  it('several events in one request, none of which undoes another', () => {
    const bodies = [0, 1].map((index) => build(factsWith({ id: idOf(index) })).body);
    expect(JSON.parse(batch!.join(bodies))).toEqual({ allOrNone: false, compositeRequest: bodies.flatMap(partsOf) });
  });

  it('an event alone when a text in it would be a reference to another one', () => {
    const built = build(bookingFacts, { fields: () => ({ Message__c: 'see @{n1.id}' }) });
    expect(built.path).toBe('/services/data/v63.0/sobjects/Booking_Event__e/');
    expect(JSON.parse(built.body)).toEqual({ Event_Id__c: bookingFacts.id, Message__c: 'see @{n1.id}' });
  });
});

describe('a notification is rejected', () => {
  it.each(badIds)('with the id %j', (id) => {
    expect(pathsOf(() => build(factsWith({ id })))).toEqual(['id']);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['a nested field', { Room__c: { name: 'A' } }, 'fields.Room__c'],
    ['a list', { Tags__c: ['a'] }, 'fields.Tags__c'],
    ['the id’s field', { Event_Id__c: 'x' }, 'fields.Event_Id__c'],
    ['a name that is no field of the event', { CreatedById: 'x' }, 'fields'],
    ['a function', { F__c: () => 1 }, 'fields.F__c'],
  ])('with %s', (_what, fields, path) => {
    expect(pathsOf(() => build(bookingFacts, { fields: () => fields }))).toEqual([path]);
  });
});

describe('Salesforce’s reply to several events', () => {
  const three = [0, 1, 2].map((index) => ({ id: idOf(index), body: build(factsWith({ id: idOf(index) })).body }));
  const parts = (...results: readonly (readonly [status: number, body: unknown])[]) => ({
    compositeResponse: results.map(([httpStatusCode, body], index) => ({
      body,
      httpHeaders: {},
      httpStatusCode,
      referenceId: partsOf(three[index]!.body)[0]?.referenceId,
    })),
  });

  it('is read event by event, by their references', () => {
    const noField = [{ errorCode: 'INVALID_FIELD', message: 'No such column' }];
    const { compositeResponse } = parts([201, enqueued], [400, noField], [201, enqueued]);
    expect(classify!(reply(200, { compositeResponse: compositeResponse.reverse() }), three)).toEqual([
      delivered,
      { kind: 'rejected', detail: 'INVALID_FIELD: No such column' },
      delivered,
    ]);
  });

  it('with success: false for one is no delivery of that one', () => {
    const body = parts(
      [201, failed('PLATFORM_EVENT_PUBLISHING_UNAVAILABLE')],
      [201, failed('LIMIT_EXCEEDED')],
      [200, failed('X')],
    );
    expect(classify!(reply(200, body), three)).toEqual([
      { kind: 'retry' },
      { kind: 'retry', retryAfterMs: 3_600_000, pausesTarget: true },
      { kind: 'rejected', detail: 'X: why' },
    ]);
  });

  it.each([undefined, null, 'text', [], { compositeResponse: 5 }])('without its parts is no delivery: %j', (body) => {
    expect(classify!(reply(200, body), three)).toEqual({ kind: 'retry' });
  });

  it('refuses an event for lack of rights, and tries again what Salesforce failed at or left out', () => {
    const body = parts([403, [{ errorCode: 'INSUFFICIENT_ACCESS', message: '' }]], [503, []]);
    expect(classify!(reply(200, body), three)).toEqual([{ kind: 'refused' }, { kind: 'retry' }, { kind: 'retry' }]);
  });
});

describe('Salesforce’s reply to one event', () => {
  const one = [{ id: idOf(0), body: '{}' }];

  it('201 with OPERATION_ENQUEUED among the errors is a delivery', () => {
    expect(classify!(reply(201, enqueued), one)).toBeUndefined();
  });

  it('200 with success: false is none', () => {
    expect(classify!(reply(200, failed('STRING_TOO_LONG')), one)).toEqual({
      kind: 'rejected',
      detail: 'STRING_TOO_LONG: why',
    });
    expect(classify!(reply(200, { success: false }), one)).toMatchObject({ kind: 'rejected' });
  });

  it('403 with REQUEST_LIMIT_EXCEEDED waits an hour with the whole target: the credentials are good', () => {
    const body = [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }];
    expect(classify!(reply(403, body), one)).toEqual({ kind: 'retry', retryAfterMs: 3_600_000, pausesTarget: true });
  });

  it.each([400, 401, 403, 404, 500])('%d means what the status says', (status) => {
    const body = [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }];
    expect(classify!(reply(status, body), one)).toBeUndefined();
  });

  it.each([undefined, null, 'text', [], { compositeResponse: 5 }])('2xx with the body %j is a delivery', (body) => {
    expect(classify!(reply(201, body), one)).toBeUndefined();
  });
});
