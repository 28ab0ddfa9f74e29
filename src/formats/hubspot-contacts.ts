import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import { hubspotContactsReplies } from './replies/hubspot-contacts.js';
import { checkOptions, functionThatReturns, optional, requestPath } from './shared/check-options.js';
import { checkedData, checkedId } from './shared/checked-values.js';
import { contactEmail, type EmailOption } from './shared/contact-email.js';
import type { HubspotContactInput } from './shared/hubspot-bodies.js';
import { hubspotProperties, type PropertyRules } from './shared/hubspot-properties.js';

export interface HubspotContactsOptions {
  /**
   * The contact's properties, by their internal names in HubSpot. Create those that HubSpot does not bring. Values are made
   * texts; null clears a property.
   * @example properties: ({ type, data }) => ({ last_booking_status: data.action, last_booking_id: data.booking_id })
   */
  readonly properties: (facts: NotificationFacts) => Readonly<Record<string, unknown>>;
  /**
   * The contact's address, by which HubSpot finds or creates it.
   * @default that of the booking's `user`, or `email` of the additional data
   */
  readonly email?: EmailOption | undefined;
  /**
   * Where to post below the base URL; HubSpot gives its API a new path with each version.
   * @default '/crm/v3/objects/contacts/batch/upsert'
   */
  readonly path?: string | undefined;
}

/**
 * Contacts in HubSpot, on every tier: creates or updates the contact of an address, up to 50 in one request.
 *
 * Writing the same properties again changes nothing, so a repeat does no harm. The target's `authToken` is the access token of
 * a private app with the scope `crm.objects.contacts.write`.
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const sales = hubspotContacts({ properties: ({ data }) => ({ last_booking_status: data['action'] }) });
 */
export function hubspotContacts(options: HubspotContactsOptions): FormatDefinition {
  checkOptions('hubspotContacts', options, {
    properties: functionThatReturns('an object'),
    email: optional(functionThatReturns('an email address')),
    path: optional(requestPath),
  });
  const { properties, email, path = '/crm/v3/objects/contacts/batch/upsert' } = options;
  return {
    name: 'hubspot-contacts',
    source: { kind: 'built-in' },
    baseUrl: 'https://api.hubapi.com',
    path,
    build: (facts) => {
      const input: HubspotContactInput = {
        id: contactEmail(facts, email),
        idProperty: 'email',
        objectWriteTraceId: checkedId(facts),
        properties: hubspotProperties(checkedData(properties(facts), 'properties'), contactRules),
      };
      return { body: JSON.stringify({ inputs: [input] }) };
    },
    classify: hubspotContactsReplies.classify,
    batch: { maxCount, join: hubspotContactsReplies.join },
  };
}

/** HubSpot takes 100, but then its reply, which describes each contact, may be longer than what is read of it. */
const maxCount = 50;

const contactRules: PropertyRules = {
  maxCount: Infinity,
  maxNameLength: 100,
  maxValueLength: () => 65_536,
  ofNull: '',
};
