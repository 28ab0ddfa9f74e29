import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import type { JsonValue } from '../notification/notification.js';
import { checkOptions, credential, functionThatReturns, oneOf, optional } from './shared/check-options.js';
import { checkedBody, checkedData, checkedId, checkedText, checkedUserId, invalid } from './shared/checked-values.js';
import { ulidOfUuid } from './shared/ulid-of-uuid.js';

export interface CustomerIoOptions {
  /** Of the workspace's Track API credentials. Undefined, as a variable may be, is refused. */
  readonly siteId: string | undefined;
  /** Of the workspace's Track API credentials. Undefined, as a variable may be, is refused. */
  readonly apiKey: string | undefined;
  /** Where the account keeps its data. @default 'us' */
  readonly region?: 'us' | 'eu' | undefined;
  /**
   * The event's name, of at most 100 bytes.
   * @default the type, such as `booking_created`
   */
  readonly event?: ((facts: NotificationFacts) => string) | undefined;
  /**
   * Returns what identifies the person: an id, or an email address if the workspace identifies people by it.
   * @default the notification's user
   */
  readonly person?: ((facts: NotificationFacts) => JsonValue | undefined) | undefined;
  /**
   * The event's data: plain JSON.
   * @default what the wire format sends as `additional_data`, such as `booking_id`, `session_id` and `action`
   */
  readonly data?: ((facts: NotificationFacts) => Readonly<Record<string, unknown>>) | undefined;
}

/**
 * Events for Customer.io, by its Track API v1, one in a request.
 *
 * Customer.io drops a repeated event by its id, which is the notification's id written as a ULID. In the event's data,
 * `recipient`, `from_address` and `reply_to` would change to whom a campaign writes, so they are sent as `event_recipient`
 * and so on. https://docs.customer.io/integrations/api/track/
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const mails = customerIo({ siteId: process.env.CUSTOMER_IO_SITE_ID, apiKey: process.env.CUSTOMER_IO_API_KEY });
 */
export function customerIo(options: CustomerIoOptions): FormatDefinition {
  checkOptions('customerIo', options, {
    siteId: credential('the site id of the Track API credentials'),
    apiKey: credential('the API key of the Track API credentials'),
    region: optional(oneOf('us', 'eu')),
    event: optional(functionThatReturns('the event’s name')),
    person: optional(functionThatReturns('the person’s id')),
    data: optional(functionThatReturns('an object')),
  });
  const { siteId, apiKey, region = 'us', event, person, data } = options;
  return {
    name: 'customer-io',
    source: { kind: 'built-in' },
    baseUrl: region === 'eu' ? 'https://track-eu.customer.io' : 'https://track.customer.io',
    auth: { kind: 'basic', username: siteId ?? '', password: apiKey ?? '' },
    path: customersPath,
    build: (facts) => {
      const body = JSON.stringify({
        name: checkedEventName(event === undefined ? facts.type : event(facts)),
        id: eventId(facts),
        timestamp: Math.floor(facts.occurredAt / 1000),
        data: withoutReserved(data === undefined ? facts.data : checkedData(data(facts), 'data')),
      });
      const personId = person === undefined ? facts.userId : person(facts);
      return {
        path: `${customersPath}/${pathSegment(personId)}/events`,
        body: checkedBody(body, maxEventBytes, 'Customer.io'),
      };
    },
  };
}

const customersPath = '/api/v1/customers';
const maxEventBytes = 32_768;
const maxNameBytes = 100;

function eventId(facts: NotificationFacts): string {
  const id = ulidOfUuid(checkedId(facts));
  if (id === undefined) throw invalid('id', 'must be a UUID');
  return id;
}

function checkedEventName(value: unknown): string {
  const name = checkedText(value, 'event');
  if (Buffer.byteLength(name) <= maxNameBytes) return name;
  throw invalid('event', `must have at most ${String(maxNameBytes)} bytes`);
}

/** One segment of a path, which cannot name the folder above. */
function pathSegment(personId: unknown): string {
  const id = checkedUserId(personId, 'person', 150);
  if (/^\.{1,2}$/.test(id)) throw invalid('person', 'must not be . or .., which would be another path');
  if (/\p{Surrogate}/u.test(id)) throw invalid('person', 'has half of a character in it');
  return encodeURIComponent(id);
}

const reserved = ['recipient', 'from_address', 'reply_to'];

function withoutReserved(data: Readonly<Record<string, JsonValue>>): Readonly<Record<string, JsonValue>> {
  if (!reserved.some((name) => Object.hasOwn(data, name))) return data;
  const renamed = Object.create(null) as Record<string, JsonValue>;
  for (const [name, value] of Object.entries(data)) {
    const newName = reserved.includes(name) ? `event_${name}` : name;
    if (newName === name || !Object.hasOwn(data, newName)) renamed[newName] = value;
  }
  return renamed;
}
