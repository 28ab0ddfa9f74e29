import type { FormatDefinition, NotificationFacts } from '../format/format-definition.js';
import { checkOptions, functionThatReturns, optional, requestPath } from './shared/check-options.js';
import { checkedData, checkedId, invalid } from './shared/checked-values.js';
import { eventData } from './shared/event-data.js';

export interface StandardWebhooksOptions {
  /**
   * Where to post below the base URL.
   * @default '/'
   */
  readonly path?: string | undefined;
  /**
   * The event's type: words of letters, digits and `_`, with dots between them.
   * @default the notification's type with a dot after its first word: `booking.created`
   */
  readonly type?: ((facts: NotificationFacts) => string) | undefined;
  /**
   * The event's data: plain JSON. The specification advises to keep it below 20 KB.
   * @default `user_id`, `message`, the booking record if there is one, and `additional_data`, as the wire format has them
   */
  readonly data?: ((facts: NotificationFacts) => Readonly<Record<string, unknown>>) | undefined;
}

/**
 * The payload of Standard Webhooks 1.0, `{ type, timestamp, data }`, one in a request. With the target's `signing` it is signed
 * as well; then a consumer recognises a repeat by the header `webhook-id`, otherwise by `Idempotency-Key`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * Throws `CRMConfigError` when an option is not valid.
 *
 * @example
 * const partner = standardWebhooks({ path: '/hooks/bookings' });
 */
export function standardWebhooks(options: StandardWebhooksOptions = {}): FormatDefinition {
  checkOptions('standardWebhooks', options, {
    path: optional(requestPath),
    type: optional(functionThatReturns('the event’s type')),
    data: optional(functionThatReturns('an object')),
  });
  const { path = '/', type = dottedType, data } = options;
  return {
    name: 'standard-webhooks',
    source: { kind: 'built-in' },
    path,
    build: (facts) => {
      checkedId(facts);
      const body = JSON.stringify({
        type: checkedType(type(facts)),
        timestamp: new Date(facts.occurredAt).toISOString(),
        data: data === undefined ? eventData(facts) : checkedData(data(facts), 'data'),
      });
      return { body };
    },
  };
}

function dottedType({ type }: NotificationFacts): string {
  return type.replace(/^([a-z0-9]+)_(?=.)/, '$1.');
}

function checkedType(value: unknown): string {
  if (typeof value === 'string' && value.length <= 256 && /^\w+(\.\w+)*$/.test(value)) return value;
  throw invalid('type', 'must be words of a-z, A-Z, 0-9 and _ with dots between them, such as booking.created');
}
