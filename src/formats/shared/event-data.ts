import type { NotificationFacts } from '../../format/format-definition.js';
import type { JsonValue } from '../../notification/notification.js';

/** What a notification says, by the names of the wire format (docs/wire-format.md), without its id, type and time. */
export function eventData({ userId, message, record, data }: NotificationFacts): Readonly<Record<string, JsonValue>> {
  return { user_id: userId, message, ...record, additional_data: data };
}
