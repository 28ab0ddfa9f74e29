import type { DeliveredFilter, DeliveredNotification } from './timeline-entry.js';

/** Whether a delivered notification is among those that a filter selects. */
export function matchesDelivered(delivered: DeliveredNotification, filter: DeliveredFilter): boolean {
  const { id, target, type, lane, status, deliveredAt } = delivered;
  const { search = '', from = -Infinity, to = Infinity } = filter;
  const text = toLowerAscii(search);
  return (
    (filter.target ?? target) === target &&
    (filter.type ?? type) === type &&
    (filter.lane ?? lane) === lane &&
    deliveredAt >= from &&
    deliveredAt < to &&
    [id, type, lane, String(status)].some((part) => toLowerAscii(part).includes(text))
  );
}

/** As SQLite does it. */
function toLowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
