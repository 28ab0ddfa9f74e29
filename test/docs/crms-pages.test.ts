import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FormatDefinition } from '../../src/format/format-definition.js';
import { cloudEvents } from '../../src/formats/cloud-events.js';
import { customerIo } from '../../src/formats/customer-io.js';
import { hubspotContacts } from '../../src/formats/hubspot-contacts.js';
import { hubspotEvents } from '../../src/formats/hubspot-events.js';
import { repliesByFormat } from '../../src/formats/replies-by-format.js';
import { salesforceEvent } from '../../src/formats/salesforce-event.js';
import { segment } from '../../src/formats/segment.js';
import { standardWebhooks } from '../../src/formats/standard-webhooks.js';
import { bookingFacts, factsWith } from '../formats/facts.js';

const pageOf = (name: string) => readFileSync(join(__dirname, '../../docs', name), 'utf8');

/** The page's blocks of JSON: what arrives. */
const jsonIn = (page: string) =>
  [...page.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, code = '']): unknown => JSON.parse(code));

/** Each with the options of its page's example. */
const formats: Readonly<Record<string, readonly FormatDefinition[]>> = {
  'segment.md': [segment({ writeKey: 'wk', region: 'eu' })],
  'hubspot.md': [
    hubspotContacts({ properties: ({ data }) => ({ last_booking_status: data['action'] }) }),
    hubspotEvents({ eventName: ({ type }) => `pe1234567_${type}`, email: () => 'ada@example.com' }),
  ],
  'customer-io.md': [customerIo({ siteId: 'site', apiKey: 'key', region: 'eu' })],
  'salesforce.md': [
    salesforceEvent({
      event: 'Booking_Event__e',
      fields: ({ type, data }) => ({
        Type__c: type,
        Booking_Id__c: data['booking_id'],
        Action__c: data['action'],
      }),
    }),
  ],
  'cloud-events.md': [cloudEvents({ source: 'https://bookings.example.com', path: '/events' })],
  'standard-webhooks.md': [standardWebhooks({ path: '/hooks/bookings' })],
};

describe.each(Object.entries(formats))('docs/crms/%s', (name, definitions) => {
  const page = pageOf(`crms/${name}`);
  const isHubspot = name === 'hubspot.md';

  it('shows what arrives, as the format builds it', () => {
    const facts = isHubspot ? bookingFacts : factsWith();
    expect(jsonIn(page)).toEqual(definitions.map((format): unknown => JSON.parse(format.build(facts).body)));
  });

  it('names the path, and the host if that is the same for all', () => {
    for (const { build, path, baseUrl = '' } of definitions) {
      expect(page).toContain(`${baseUrl}${build(bookingFacts).path ?? path}`);
    }
  });

  it('is in the table of docs/crms.md, with its entry point and how many go in one request', () => {
    const rows = pageOf('crms.md')
      .split('\n')
      .filter((line) => line.includes(`(crms/${name}`) && line.startsWith('|'));
    expect(rows).toHaveLength(definitions.length);
    for (const { name: formatName, batch } of definitions) {
      const row = rows.find((line) => line.includes(`express-crm-notifier/formats/${formatName}\``));
      const count = batch === undefined ? 'one' : `up to ${batch.maxCount.toLocaleString('en')}`;
      expect(row).toMatch(new RegExp(`\\| ${count} +\\|$`));
    }
  });
});

it('every format has a page', () => {
  const named = Object.values(formats).flat();
  expect(named.map(({ name }) => name).sort()).toEqual([...repliesByFormat.keys()].sort());
});
