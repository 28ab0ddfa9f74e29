import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import type { JsonValue } from '../notification/notification.js';
import { salesforceEventReplies } from './replies/salesforce-event.js';
import { checkOptions, functionThatReturns, optional, textLike } from './shared/check-options.js';
import { checkedData, checkedId, invalid } from './shared/checked-values.js';
import { referenceOf, type CompositeRequest } from './shared/salesforce-composite.js';

export interface SalesforceEventOptions {
  /** The API name of a platform event of the org. @example event: 'Booking_Event__e' */
  readonly event: string;
  /**
   * The event's fields, by their API names: texts, numbers, booleans or null.
   * @example fields: ({ data }) => ({ Booking_Id__c: String(data['booking_id']), Action__c: data['action'] })
   */
  readonly fields: (facts: NotificationFacts) => Readonly<Record<string, unknown>>;
  /**
   * The text field that gets the notification's id, for subscribers to recognise a repeat by: Salesforce does not. It has at
   * least 36 characters.
   * @default 'Event_Id__c'
   */
  readonly idField?: string | undefined;
  /** The version of Salesforce's REST API. @default '63.0' */
  readonly apiVersion?: string | undefined;
}

/**
 * Platform events in Salesforce, up to 25 in one request.
 *
 * The target's `baseUrl` is the org's own, such as `https://acme.my.salesforce.com`, and its `auth` usually of the kind
 * `oauth2`. https://developer.salesforce.com/docs/platform/platform-events/guide/platform-events-publish-api.html
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const events = salesforceEvent({ event: 'Booking_Event__e', fields: ({ type }) => ({ Type__c: type }) });
 */
export function salesforceEvent(options: SalesforceEventOptions): FormatDefinition {
  checkOptions('salesforceEvent', options, {
    event: textLike(/^[A-Za-z]\w{0,76}__e$/, 'the API name of a platform event, such as Booking_Event__e'),
    fields: functionThatReturns('an object'),
    idField: optional(textLike(fieldName, 'the API name of a field, such as Event_Id__c')),
    apiVersion: optional(textLike(/^\d{2,3}\.0$/, 'a version of the REST API, such as 63.0')),
  });
  const { event, fields, idField = 'Event_Id__c', apiVersion = '63.0' } = options;
  const url = `/services/data/v${apiVersion}/sobjects/${event}/`;
  return {
    name: 'salesforce-event',
    source: { kind: 'built-in' },
    path: `/services/data/v${apiVersion}/composite`,
    build: (facts) => {
      const id = checkedId(facts);
      const body = { [idField]: id, ...checkedFields(checkedData(fields(facts), 'fields'), idField) };
      const text = JSON.stringify(body);
      // In a Composite request this would refer to the result of another part.
      if (text.includes('@{')) return { path: url, body: text };
      const part = { method: 'POST', url, referenceId: referenceOf(id), body } as const;
      return { body: JSON.stringify({ allOrNone: false, compositeRequest: [part] } satisfies CompositeRequest) };
    },
    classify: salesforceEventReplies.classify,
    batch: { maxCount: 25, join: salesforceEventReplies.join },
  };
}

const fieldName = /^[A-Za-z]\w{0,76}__c$/;

function checkedFields(
  fields: Readonly<Record<string, JsonValue>>,
  idField: string,
): Readonly<Record<string, JsonValue>> {
  for (const [name, value] of Object.entries(fields)) {
    if (!fieldName.test(name))
      throw invalid('fields', 'must be named like Booking_Id__c, as the event’s own fields are');
    if (name === idField)
      throw invalid(`fields.${name}`, 'is set by the format; leave it out, or name another idField');
    if (typeof value === 'object' && value !== null) {
      throw invalid(`fields.${name}`, 'must be a text, a number, a boolean or null; an event’s fields are flat');
    }
  }
  return fields;
}
