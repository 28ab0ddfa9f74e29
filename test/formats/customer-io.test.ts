import { TrackClient } from 'customerio-node';
import { v7 } from 'uuid';
import type { NotificationFacts } from '../../src/format/format-definition.js';
import { customerIo, type CustomerIoOptions } from '../../src/formats/customer-io.js';
import { hasOpenssl, makeCertificate } from '../helpers/certificates.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { badIds, bookingFacts, factsWith } from './facts.js';
import { pathsOf } from './issues-of.js';
import { post, useRecorder } from './use-recorder.js';

const credentials = { siteId: 'site', apiKey: 'key' };
const build = (facts: NotificationFacts, options: Partial<CustomerIoOptions> = {}) =>
  customerIo({ ...credentials, ...options }).build(facts);
const eventOf = (facts: NotificationFacts, options: Partial<CustomerIoOptions> = {}): Record<string, unknown> =>
  JSON.parse(build(facts, options).body) as Record<string, unknown>;

// Its library knows https only, and takes the port from its options rather than from the URL.
(hasOpenssl() ? describe : describe.skip)('Customer.io', () => {
  const directory = useTempDirectory();
  const startRecorder = useRecorder();

  it('gets the same as from its own library', async () => {
    const certificate = makeCertificate(directory(), { altName: 'IP:127.0.0.1' });
    const [theirs, ours] = [await startRecorder(certificate), await startRecorder()];
    const connection = { port: theirs.port, ca: certificate.cert, agent: false };
    const client = new TrackClient('site', 'key', { ...connection, url: `${theirs.url}/api/v1` });
    const person = 'a/b@example.com';
    await client.track(person, eventOf(bookingFacts));
    await post(ours, customerIo(credentials), build(bookingFacts, { person: () => person }));

    const [[theirRequest], [ourRequest]] = [theirs.requests, ours.requests];
    expect(ourRequest?.line).toBe('POST /api/v1/customers/a%2Fb%40example.com/events');
    expect(ourRequest?.line).toBe(theirRequest?.line);
    expect(ourRequest?.headers.authorization).toBe(theirRequest?.headers.authorization);
    expect(ourRequest?.json).toEqual(theirRequest?.json);
  });
});

describe('Customer.io gets', () => {
  it('an event with a ULID, the second it occurred, and its data', () => {
    expect(eventOf(bookingFacts)).toEqual({
      name: 'booking_created',
      id: '01M85H5YQWFGZ8Y01BHHEHX7RG',
      timestamp: 1795482123,
      data: { booking_id: 456, session_id: 789, action: 'created' },
    });
  });

  it('it in the region that was chosen, by Basic authentication', () => {
    const auth = { kind: 'basic', username: 'site', password: 'key' };
    expect(customerIo(credentials)).toMatchObject({ baseUrl: 'https://track.customer.io', auth });
    expect(customerIo({ ...credentials, region: 'eu' }).baseUrl).toBe('https://track-eu.customer.io');
  });

  it.each<[string | number, string]>([
    [7, '7'],
    ['a@b.c', 'a%40b.c'],
    ['a/b?c#d', 'a%2Fb%3Fc%23d'],
    ['é ü', '%C3%A9%20%C3%BC'],
  ])('the person %j in one segment of the path', (person, segment) => {
    expect(build(bookingFacts, { person: () => person }).path).toBe(`/api/v1/customers/${segment}/events`);
  });

  it('recipient, reply_to and from_address under other names, because they would change to whom a campaign writes', () => {
    const data = { recipient: 'a', reply_to: 'b', from_address: 'c', nested: { recipient: 'd' }, seats: 2 };
    const renamed = {
      event_recipient: 'a',
      event_reply_to: 'b',
      event_from_address: 'c',
      nested: { recipient: 'd' },
      seats: 2,
    };
    expect(eventOf(factsWith({ data }))['data']).toEqual(renamed);
    expect(eventOf(bookingFacts, { data: () => data })['data']).toEqual(renamed);
  });

  it.each([
    { recipient: 'a', event_recipient: 'b' },
    { event_recipient: 'b', recipient: 'a' },
  ])('what already has the other name, as in %j', (data) => {
    expect(eventOf(factsWith({ data }))['data']).toEqual({ event_recipient: 'b' });
  });
});

describe('an id that is no ULID', () => {
  const ulidOf = (id: string) => eventOf(factsWith({ id }))['id'] as string;

  it('is mapped to 26 Crockford characters, always the same', () => {
    for (let count = 0; count < 100; count += 1) {
      const id = v7();
      expect(ulidOf(id)).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
      expect(ulidOf(id)).toBe(ulidOf(id.toUpperCase()));
    }
  });

  it('keeps order, the instant and all bits', () => {
    const ids = Array.from({ length: 100 }, () => v7());
    const ulids = ids.map(ulidOf);
    expect(ulids).toEqual([...ulids].sort());
    expect(new Set(ulids).size).toBe(100);
    expect(ulidOf('00000000-0000-0000-0000-000000000000')).toBe('0'.repeat(26));
    expect(ulidOf('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`7${'Z'.repeat(25)}`);
    expect(ulidOf(bookingFacts.id).slice(0, 10)).toBe('01M85H5YQW');
  });
});

describe('a notification is rejected', () => {
  it.each([...badIds, 'not-a-uuid'])('with the id %j', (id) => {
    expect(pathsOf(() => build(factsWith({ id })))).toEqual(['id']);
  });

  it.each(['', ' ', '.', '..', 'x'.repeat(151), '\ud800', undefined, {}])('for the person %p', (person) => {
    expect(pathsOf(() => build(bookingFacts, { person: () => person }))).toEqual(['person']);
  });

  it.each(['', ' ', 'é'.repeat(51), 5])('with the event name %p', (name) => {
    expect(pathsOf(() => build(bookingFacts, { event: () => name as never }))).toEqual(['event']);
  });

  it('when its event has more than 32 KB', () => {
    expect(() => build(factsWith({ data: { text: 'x'.repeat(32_768) } }))).toThrow(/Customer.io takes 32768/);
  });
});
