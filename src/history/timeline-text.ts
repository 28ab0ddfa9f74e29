import { countText } from '../core/duration-text.js';
import { failureText } from '../core/failure-words.js';
import { isByHand } from './by-hand.js';
import type { TimelineEntry } from './timeline-entry.js';

/** What happened, in words and without when: `attempt 3 failed with 503`. The CRM's own words are left out. */
export function timelineText(entry: TimelineEntry): string {
  const { kind, target, attempts, status, code, count, by, detail } = entry;
  const result = String(status ?? code ?? 'no response');
  const times = count === 1 ? '' : `, ${countText(count, 'time')}`;
  switch (kind) {
    case 'retry':
      return `attempt ${String(attempts)} failed with ${result}`;
    case 'unsent':
      return `not sent, because there was no connection: ${failureText(result)}${times}`;
    case 'refused':
      return `attempt ${String(attempts)}: the token was refused with ${result}`;
    case 'dead':
      return `dead after ${countText(attempts, 'attempt')}: ${status === null ? '' : `${String(status)} `}${code ?? ''}`;
    case 'delivered':
      return `delivered at attempt ${String(attempts)} with ${result}`;
    case 'redelivered':
    case 'discarded':
      return `${kind}${by === null ? '' : ` by ${by}`}${detail === '' ? '' : `, ${ofAllText(count, detail)}`}`;
    case 'paused':
      if (isByHand(entry)) return `delivery to ${target} paused${byHand(by)}`;
      return `delivery to ${target} waits: ${status === null ? failureText(result) : `it responds ${result}`}`;
    case 'resumed':
      return `delivery to ${target} resumed${isByHand(entry) ? byHand(by) : ''}`;
  }
}

/** Whether its `detail` is what the CRM said. */
export function hasReplyWords({ kind, detail }: Pick<TimelineEntry, 'kind' | 'detail'>): boolean {
  return (kind === 'retry' || kind === 'refused' || kind === 'dead') && detail !== '';
}

function byHand(by: string | null): string {
  return by === null ? ' by hand' : ` by ${by}`;
}

/** A change of all dead letters that matched. */
function ofAllText(count: number, filter: string): string {
  const { ids, ...others } = JSON.parse(filter) as Record<string, unknown>;
  if (ids !== undefined) return `${count.toLocaleString('en')} selected`;
  const parts = Object.entries(others)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${String(value)}`);
  const which = parts.length === 0 ? 'all' : `all with ${parts.join(', ')}`;
  return `${which}, ${countText(count, 'dead letter')}`;
}
