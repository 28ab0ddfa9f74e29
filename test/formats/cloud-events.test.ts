import { CloudEvent, HTTP } from 'cloudevents';
import type { NotificationFacts } from '../../src/format/format-definition.js';
import { cloudEvents, type CloudEventsOptions } from '../../src/formats/cloud-events.js';
import { badIds, bookingFacts, factsWith } from './facts.js';
import { pathsOf } from './issues-of.js';

const source = '/bookings';

/** What a consumer that uses the library gets. */
function parsed(facts: NotificationFacts, options: Partial<CloudEventsOptions> = {}): CloudEvent<unknown> {
  const format = cloudEvents({ source, ...options });
  const { body, headers } = format.build(facts);
  const event = HTTP.toEvent<unknown>({
    headers: { 'content-type': format.contentType ?? 'application/json', ...headers },
    body,
  });
  if (!(event instanceof CloudEvent)) throw new Error('this is a batch');
  expect(event.validate()).toBe(true);
  return event as CloudEvent<unknown>;
}

describe.each(['structured', 'binary'] as const)('a CloudEvent in %s mode', (mode) => {
  it('is read back by the library with all its attributes', () => {
    expect(parsed(bookingFacts, { mode }).toJSON()).toEqual({
      specversion: '1.0',
      id: bookingFacts.id,
      source,
      type: 'booking_created',
      subject: 'booking/456',
      time: '2026-11-24T01:02:03.004Z',
      datacontenttype: 'application/json',
      data: {
        user_id: 123,
        message: 'Booking 456 created',
        ...bookingFacts.record,
        additional_data: bookingFacts.data,
      },
    });
  });

  it('has what the options return', () => {
    const options = { type: () => 'com.example.made', subject: () => 's', data: () => ({ a: [1, null] }) };
    expect(parsed(bookingFacts, { mode, ...options })).toMatchObject({
      type: 'com.example.made',
      subject: 's',
      data: { a: [1, null] },
    });
  });

  it.each(badIds)('is not made of the id %j', (id) => {
    expect(pathsOf(() => cloudEvents({ source, mode }).build(factsWith({ id })))).toEqual(['id']);
  });

  it.each(['', undefined, 5])('is not made with the subject %p', (subject) => {
    const build = () => cloudEvents({ source, mode, subject: () => subject }).build(bookingFacts);
    expect(pathsOf(build)).toEqual(['subject']);
  });
});

describe('the subject', () => {
  it.each<[Partial<NotificationFacts>, string]>([
    [{}, 'booking/456'],
    [{ data: { event_id: 'e-1', action: 'created' } }, 'event/e-1'],
    [{ data: {} }, 'user/123'],
  ])('is what the notification is about', (changes, subject) => {
    expect(parsed(factsWith(changes)).subject).toBe(subject);
  });

  it.each([
    ['a "quote"', 'a%20%22quote%22'],
    ['100%', '100%25'],
    ['two words', 'two%20words'],
    ['é', '%C3%A9'],
    ['😀', '%F0%9F%98%80'],
    ['a\r\nX-Evil: 1', 'a%0D%0AX-Evil:%201'],
    ['~plain-!', '~plain-!'],
  ])('%j is percent-encoded in a header, and left as it is in the body', (subject, header) => {
    const options = { source, subject: () => subject };
    const { headers } = cloudEvents({ ...options, mode: 'binary' }).build(bookingFacts);
    expect(headers?.['ce-subject']).toBe(header);
    expect(decodeURIComponent(header)).toBe(subject);
    expect(parsed(bookingFacts, options).subject).toBe(subject);
  });
});

it('every header of the binary mode is visible ASCII', () => {
  const format = cloudEvents({ source: 'https://x.example/a%20b', mode: 'binary', type: () => 'é\n"%' });
  const { headers = {} } = format.build(bookingFacts);
  for (const [name, value] of Object.entries(headers)) {
    expect(name).toMatch(/^ce-[a-z]+$/);
    expect(value).toMatch(/^[!-~]+$/);
  }
  expect(headers['ce-source']).toBe('https://x.example/a%2520b');
});
