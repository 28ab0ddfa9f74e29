import type { FormatDefinition } from '../../src/format/format-definition.js';
import { cloudEvents } from '../../src/formats/cloud-events.js';
import { customerIo } from '../../src/formats/customer-io.js';
import { hubspotContacts } from '../../src/formats/hubspot-contacts.js';
import { hubspotEvents } from '../../src/formats/hubspot-events.js';
import { repliesByFormat } from '../../src/formats/replies-by-format.js';
import { salesforceEvent } from '../../src/formats/salesforce-event.js';
import { segment } from '../../src/formats/segment.js';
import { standardWebhooks } from '../../src/formats/standard-webhooks.js';

const nothing = () => ({});

/** Each format twice, with as different options as it takes. */
const formats: readonly (readonly [FormatDefinition, FormatDefinition])[] = [
  [segment({ writeKey: 'a' }), segment({ writeKey: 'b', region: 'eu', event: () => 'x', properties: nothing })],
  [hubspotContacts({ properties: nothing }), hubspotContacts({ properties: () => ({ a: 1 }), path: '/x' })],
  [hubspotEvents({ eventName: 'pe1_a' }), hubspotEvents({ eventName: () => 'pe2_b', objectId: () => 1, path: '/x' })],
  [customerIo({ siteId: 'a', apiKey: 'b' }), customerIo({ siteId: 'c', apiKey: 'd', region: 'eu', data: nothing })],
  [
    salesforceEvent({ event: 'A__e', fields: nothing }),
    salesforceEvent({ event: 'B__e', fields: nothing, idField: 'K__c', apiVersion: '66.0' }),
  ],
  [cloudEvents({ source: '/a' }), cloudEvents({ source: '/b', mode: 'binary', path: '/x' })],
  [standardWebhooks(), standardWebhooks({ path: '/x', type: () => 'a' })],
];

it('every format is found by its name, and no other', () => {
  expect([...repliesByFormat.keys()]).toEqual(formats.map(([{ name }]) => name));
});

it.each(formats)('the functions that $name is delivered with depend on no option', (one, other) => {
  const replies = repliesByFormat.get(one.name);
  for (const { name, classify, batch } of [one, other]) {
    expect(name).toMatch(/^[a-z-]{1,64}$/);
    expect(name).toBe(one.name);
    expect(classify).toBe(replies?.classify);
    expect(batch?.join).toBe(replies?.join);
  }
});
