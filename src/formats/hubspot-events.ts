import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import type { JsonValue } from '../notification/notification.js';
import { hubspotEventsReplies } from './replies/hubspot-events.js';
import { checkOptions, functionThatReturns, optional, requestPath, type OptionCheck } from './shared/check-options.js';
import { checkedData, checkedId, checkedText, checkedUserId, invalid } from './shared/checked-values.js';
import { contactEmail, type EmailOption } from './shared/contact-email.js';
import type { HubspotEvent } from './shared/hubspot-bodies.js';
import { hubspotProperties, type PropertyRules } from './shared/hubspot-properties.js';

export interface HubspotEventsOptions {
  /**
   * The full name of an event that is defined in HubSpot, such as `pe1234567_booking_created`; or a function that returns it.
   * @example eventName: ({ type }) => `pe1234567_${type}`
   */
  readonly eventName: string | ((facts: NotificationFacts) => string);
  /**
   * The address of the contact it happened to.
   * @default that of the booking's `user`, or `email` of the additional data; none if `objectId` or `utk` is set
   */
  readonly email?: EmailOption | undefined;
  /** The id of the record it happened to. @default none */
  readonly objectId?: ((facts: NotificationFacts) => JsonValue | undefined) | undefined;
  /** The user token of HubSpot's tracking cookie, `hubspotutk`. @default none */
  readonly utk?: ((facts: NotificationFacts) => JsonValue | undefined) | undefined;
  /**
   * The event's properties, which are defined with it. Values are made texts, objects flat, and what is beyond HubSpot's limits
   * is cut off.
   * @default what the wire format sends as `additional_data`, such as `booking_id`, `session_id` and `action`
   */
  readonly properties?: ((facts: NotificationFacts) => Readonly<Record<string, unknown>>) | undefined;
  /**
   * Where to post one event, below the base URL; `/batch` is added for several. HubSpot gives its API a new path with each
   * version.
   * @default '/events/v3/send'
   * @example path: '/events/custom/2026-09/send'
   */
  readonly path?: string | undefined;
}

/**
 * Custom events in HubSpot, which are a part of its Enterprise tier: up to 500 in one request.
 *
 * HubSpot refuses a repeat by its `uuid`, which is the notification's id. The target's `authToken` is the access token of a
 * private app with the scope `analytics.behavioral_events.send`.
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const events = hubspotEvents({ eventName: ({ type }) => `pe1234567_${type}` });
 */
export function hubspotEvents(options: HubspotEventsOptions): FormatDefinition {
  checkOptions('hubspotEvents', options, {
    eventName: eventNameOption,
    email: optional(functionThatReturns('an email address')),
    objectId: optional(functionThatReturns('the id of a record')),
    utk: optional(functionThatReturns('a user token')),
    properties: optional(functionThatReturns('an object')),
    path: optional(requestPath),
  });
  const { eventName, properties, path = '/events/v3/send' } = options;
  return {
    name: 'hubspot-events',
    source: { kind: 'built-in' },
    baseUrl: 'https://api.hubapi.com',
    path,
    build: (facts) => {
      const data = properties === undefined ? facts.data : checkedData(properties(facts), 'properties');
      const event: HubspotEvent = {
        eventName: typeof eventName === 'string' ? eventName : checkedEventName(eventName(facts)),
        uuid: checkedId(facts),
        occurredAt: new Date(facts.occurredAt).toISOString(),
        ...whose(facts, options),
        properties: hubspotProperties(data, eventRules),
      };
      return { body: JSON.stringify(event) };
    },
    classify: hubspotEventsReplies.classify,
    batch: { path: `${path}/batch`, maxCount: 500, join: hubspotEventsReplies.join },
  };
}

/** What names the record: HubSpot looks at `objectId` before `email`, and at `email` before `utk`. */
function whose(facts: NotificationFacts, options: HubspotEventsOptions): Partial<HubspotEvent> {
  const { email, objectId, utk } = options;
  if (objectId !== undefined) return { objectId: checkedUserId(objectId(facts), 'objectId') };
  if (utk !== undefined && email === undefined) return { utk: checkedText(utk(facts), 'utk') };
  return { email: contactEmail(facts, email) };
}

const eventNamePattern = /^pe\d+_[a-z][a-z0-9_]*$/;
const eventNameProblem = 'must be the full name of an event, such as pe1234567_booking_created';

const eventNameOption: OptionCheck = (value) =>
  typeof value === 'function' || (typeof value === 'string' && eventNamePattern.test(value))
    ? undefined
    : `${eventNameProblem}, or a function that returns it`;

function checkedEventName(value: unknown): string {
  if (typeof value === 'string' && eventNamePattern.test(value)) return value;
  throw invalid('eventName', eventNameProblem);
}

/** https://developers.hubspot.com/docs/api-reference/legacy/events/send-event-data/guide#limits */
const eventRules: PropertyRules = {
  maxCount: 50,
  maxNameLength: 50,
  maxValueLength: (name) => (/(^|_)(url|referrer)$/.test(name) ? 1024 : 256),
  ofNull: undefined,
};
