import type { FormatReplies } from './replies/format-replies.js';
import { hubspotContactsReplies } from './replies/hubspot-contacts.js';
import { hubspotEventsReplies } from './replies/hubspot-events.js';
import { salesforceEventReplies } from './replies/salesforce-event.js';
import { segmentReplies } from './replies/segment.js';

/**
 * How to read the replies of each format here, and how to join its bodies, by the format's name. A format without functions of
 * its own has an empty entry: its replies mean what their status says.
 */
export const repliesByFormat: ReadonlyMap<string, FormatReplies> = new Map<string, FormatReplies>([
  ['segment', segmentReplies],
  ['hubspot-contacts', hubspotContactsReplies],
  ['hubspot-events', hubspotEventsReplies],
  ['customer-io', {}],
  ['salesforce-event', salesforceEventReplies],
  ['cloud-events', {}],
  ['standard-webhooks', {}],
]);
