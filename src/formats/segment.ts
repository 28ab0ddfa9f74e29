import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import type { JsonValue } from '../notification/notification.js';
import { segmentReplies } from './replies/segment.js';
import { checkOptions, credential, functionThatReturns, oneOf, optional } from './shared/check-options.js';
import { checkedBody, checkedData, checkedId, checkedText, checkedUserId } from './shared/checked-values.js';

export interface SegmentOptions {
  /** Of a source in Segment, such as one of the type HTTP API. Undefined, as a variable may be, is refused. */
  readonly writeKey: string | undefined;
  /**
   * Where the workspace keeps its data. The other region takes the events as well, with 200, and drops them.
   * @default 'us'
   */
  readonly region?: 'us' | 'eu' | undefined;
  /**
   * The event's name.
   * @default the type in words: `Booking Created` for `booking_created`
   */
  readonly event?: ((facts: NotificationFacts) => string) | undefined;
  /**
   * Returns whose event it is, a text or a positive whole number; it is sent as text.
   * @default the notification's user
   */
  readonly userId?: ((facts: NotificationFacts) => JsonValue | undefined) | undefined;
  /**
   * The event's properties: plain JSON.
   * @default what the wire format sends as `additional_data`, such as `booking_id`, `session_id` and `action`
   */
  readonly properties?: ((facts: NotificationFacts) => Readonly<Record<string, unknown>>) | undefined;
}

/**
 * Events for Segment, by its HTTP API: a `track` call for each notification, up to 2,500 in one request.
 *
 * Segment drops a repeated event by its `messageId`, which is the notification's id. It responds 200 to events that it does not
 * accept, too; its debugger shows them. https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const crm = createNotifier({ targets: { marketing: { format: segment({ writeKey: process.env.SEGMENT_WRITE_KEY }) } } });
 */
export function segment(options: SegmentOptions): FormatDefinition {
  checkOptions('segment', options, {
    writeKey: credential('the write key of a source'),
    region: optional(oneOf('us', 'eu')),
    event: optional(functionThatReturns('the event’s name')),
    userId: optional(functionThatReturns('the user’s id')),
    properties: optional(functionThatReturns('an object')),
  });
  const { writeKey, region = 'us', event = eventName, userId, properties } = options;
  return {
    name: 'segment',
    source: { kind: 'built-in' },
    baseUrl: region === 'eu' ? 'https://events.eu1.segmentapis.com' : 'https://api.segment.io',
    auth: { kind: 'basic', username: writeKey ?? '', password: '' },
    path: '/v1/track',
    build: (facts) => {
      const body = JSON.stringify({
        type: 'track',
        messageId: checkedId(facts),
        userId: checkedUserId(userId === undefined ? facts.userId : userId(facts)),
        event: checkedText(event(facts), 'event'),
        timestamp: new Date(facts.occurredAt).toISOString(),
        properties: properties === undefined ? facts.data : checkedData(properties(facts), 'properties'),
      });
      return { body: checkedBody(body, maxEventBytes, 'Segment') };
    },
    classify: segmentReplies.classify,
    batch: { path: '/v1/batch', maxCount: 2_500, maxBytes: 500_000, join: segmentReplies.join },
  };
}

const maxEventBytes = 32_768;

function eventName({ type }: NotificationFacts): string {
  return type
    .split('_')
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
