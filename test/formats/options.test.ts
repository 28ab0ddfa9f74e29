import { CRMConfigError } from '../../src/core/errors.js';
import { cloudEvents } from '../../src/formats/cloud-events.js';
import { customerIo } from '../../src/formats/customer-io.js';
import { hubspotContacts } from '../../src/formats/hubspot-contacts.js';
import { hubspotEvents } from '../../src/formats/hubspot-events.js';
import { salesforceEvent } from '../../src/formats/salesforce-event.js';
import { segment } from '../../src/formats/segment.js';
import { standardWebhooks } from '../../src/formats/standard-webhooks.js';
import { issuesOf, pathsOf } from './issues-of.js';

/** As JavaScript may call it. */
type Loose = (options?: unknown) => unknown;

const fields = () => ({});
const properties = () => ({});

describe.each<{ name: string; make: Loose; right: object; wrong: Readonly<Record<string, readonly unknown[]>> }>([
  {
    name: 'segment',
    make: segment as Loose,
    right: { writeKey: 'wk' },
    wrong: {
      writeKey: [undefined, '', 5, 'a b', 'a:b', 'wk\n', 'é'],
      region: ['EU', 'asia', null],
      event: ['Booking Created'],
      userId: [5],
      properties: [{}],
    },
  },
  {
    name: 'hubspotContacts',
    make: hubspotContacts as Loose,
    right: { properties },
    wrong: {
      properties: [undefined, {}],
      email: ['a@b.c'],
      path: ['crm', '//evil.example', '/a b', '/a/../b', '/a#b', 5],
    },
  },
  {
    name: 'hubspotEvents',
    make: hubspotEvents as Loose,
    right: { eventName: 'pe1_a' },
    wrong: {
      eventName: [undefined, 'booking_created', 'pe1_A', 'pe_a', 5],
      email: ['a@b.c'],
      objectId: [5],
      utk: ['x'],
      properties: [{}],
      path: ['events'],
    },
  },
  {
    name: 'customerIo',
    make: customerIo as Loose,
    right: { siteId: 'a', apiKey: 'b' },
    wrong: {
      siteId: [undefined, 'a:b'],
      apiKey: [undefined, 'a b'],
      region: ['de'],
      event: ['x'],
      person: [1],
      data: [{}],
    },
  },
  {
    name: 'salesforceEvent',
    make: salesforceEvent as Loose,
    right: { event: 'Booking_Event__e', fields },
    wrong: {
      event: [undefined, 'Booking_Event', 'a/b__e', 'x__c'],
      fields: [undefined, {}],
      idField: ['Id', 'a b__c'],
      apiVersion: [63, '63', 'v63.0', '63.0/x'],
    },
  },
  {
    name: 'cloudEvents',
    make: cloudEvents as Loose,
    right: { source: '/bookings' },
    wrong: {
      source: [undefined, '', 'a b', 'é', 'a%2', '<x>', 'a\r\nb'],
      mode: ['batch'],
      path: ['x'],
      type: ['x'],
      subject: ['x'],
      data: [{}],
    },
  },
  {
    name: 'standardWebhooks',
    make: standardWebhooks as Loose,
    right: {},
    wrong: { path: ['hooks'], type: ['booking.created'], data: [{}] },
  },
])('the options of $name', ({ name, make, right, wrong }) => {
  it('are taken when they are right', () => {
    expect(() => make(right)).not.toThrow();
  });

  it.each(Object.entries(wrong).flatMap(([option, values]) => values.map((value) => [option, value] as const)))(
    'are refused by name: %s %j',
    (option, value) => {
      expect(() => make({ ...right, [option]: value })).toThrow(CRMConfigError);
      const [issue, ...others] = issuesOf(() => make({ ...right, [option]: value }));
      expect(others).toEqual([]);
      expect(issue?.path).toBe(`${name}.${option}`);
      expect(issue?.message).toMatch(/^(must|is missing: it is) /);
    },
  );

  it('are refused with a name that is none, which lists those that are', () => {
    const [issue] = issuesOf(() => make({ ...right, colour: 'red' }));
    expect(issue?.path).toBe(`${name}.colour`);
    expect(issue?.message).toContain(`the options are ${Object.keys(wrong)[0]}`);
  });

  it.each([null, 'text'])('are refused when they are %j', (options) => {
    expect(pathsOf(() => make(options))).toEqual([name]);
  });
});

it('no error shows a secret that is wrong', () => {
  const message = issuesOf(() => segment({ writeKey: 'very secret' }))
    .map((issue) => issue.message)
    .join();
  expect(message).not.toContain('secret');
});
