import type { BuiltRequest, FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import type { JsonValue } from '../notification/notification.js';
import { checkOptions, functionThatReturns, oneOf, optional, requestPath, textLike } from './shared/check-options.js';
import { checkedData, checkedId, checkedText } from './shared/checked-values.js';
import { eventData } from './shared/event-data.js';

export interface CloudEventsOptions {
  /** Where events come from: a URI, or a path. With the id it names an event. @example source: '/bookings' */
  readonly source: string;
  /**
   * `structured`: all in the body, as `application/cloudevents+json`. `binary`: the body is the data, and headers named
   * `ce-…` have the rest.
   * @default 'structured'
   */
  readonly mode?: 'structured' | 'binary' | undefined;
  /**
   * Where to post below the base URL.
   * @default '/'
   */
  readonly path?: string | undefined;
  /**
   * The event's type.
   * @default the notification's type, such as `booking_created`
   * @example type: ({ type }) => `com.example.${type}`
   */
  readonly type?: ((facts: NotificationFacts) => string) | undefined;
  /**
   * What the event is about.
   * @default the booking, event or user: `booking/456`
   */
  readonly subject?: ((facts: NotificationFacts) => JsonValue | undefined) | undefined;
  /**
   * The event's data: plain JSON.
   * @default `user_id`, `message`, the booking record if there is one, and `additional_data`, as the wire format has them
   */
  readonly data?: ((facts: NotificationFacts) => Readonly<Record<string, unknown>>) | undefined;
}

/**
 * CloudEvents 1.0 over HTTP, structured or binary, one in a request.
 *
 * A consumer recognises a repeat by `source` and `id`.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const bus = cloudEvents({ source: 'https://bookings.example.com', path: '/events' });
 */
export function cloudEvents(options: CloudEventsOptions): FormatDefinition {
  checkOptions('cloudEvents', options, {
    source: textLike(uriReference, 'a URI or a path, such as /bookings, with %20 for a space'),
    mode: optional(oneOf('structured', 'binary')),
    path: optional(requestPath),
    type: optional(functionThatReturns('the event’s type')),
    subject: optional(functionThatReturns('the event’s subject')),
    data: optional(functionThatReturns('an object')),
  });
  const { source, mode = 'structured', path = '/', type, subject = subjectOf, data } = options;
  const write = mode === 'structured' ? structured : binary;
  return {
    name: 'cloud-events',
    source: { kind: 'built-in' },
    path,
    // In lower case: cloudevents, the library for Node, knows no other.
    contentType: mode === 'structured' ? 'application/cloudevents+json; charset=utf-8' : 'application/json',
    build: (facts) => {
      const attributes = {
        specversion: '1.0',
        id: checkedId(facts),
        source,
        type: checkedText(type === undefined ? facts.type : type(facts), 'type'),
        subject: checkedText(subject(facts), 'subject'),
        time: new Date(facts.occurredAt).toISOString(),
      };
      return write(attributes, data === undefined ? eventData(facts) : checkedData(data(facts), 'data'));
    },
  };
}

type Attributes = Readonly<Record<'specversion' | 'id' | 'source' | 'type' | 'subject' | 'time', string>>;

function structured(attributes: Attributes, data: unknown): BuiltRequest {
  const { specversion, id, source, type, subject, time } = attributes;
  const datacontenttype = 'application/json';
  return { body: JSON.stringify({ specversion, id, source, type, subject, time, datacontenttype, data }) };
}

function binary(attributes: Attributes, data: unknown): BuiltRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) headers[`ce-${name}`] = headerValue(value);
  return { body: JSON.stringify(data), headers };
}

/** Section 3.1.3.2: a space, `"`, `%` and all that is not visible ASCII are the %-encoded bytes of their UTF-8. */
function headerValue(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const isSafe = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25;
    return isSafe ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** RFC 3986: its characters, and % only before two hexadecimal digits. */
const uriReference = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}){1,512}$/;

/** As lanes are named: what the notifications of one subject are in order for. */
function subjectOf({ userId, data }: NotificationFacts): string {
  for (const what of ['booking', 'event']) {
    const id = data[`${what}_id`];
    if (typeof id === 'string' || typeof id === 'number') return `${what}/${String(id)}`;
  }
  return `user/${String(userId)}`;
}
