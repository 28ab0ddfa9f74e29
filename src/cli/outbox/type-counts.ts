import type { TypeCounts } from '../../history/history.js';
import { safeText, textTable } from '../output.js';
import type { ReadableOutbox } from './open-outbox.js';

const dayMs = 24 * 3_600_000;
const maxLines = 10;

/** What all processes have done for each type in the past day, the most accepted first. */
export async function readTypeCounts(
  outbox: Pick<ReadableOutbox, 'countsByType' | 'now'>,
): Promise<readonly TypeCounts[]> {
  return outbox.countsByType((await outbox.now()) - dayMs);
}

/** As a table of the first ten; nothing if there are none. */
export function typeCountLines(counts: readonly TypeCounts[]): readonly string[] {
  if (counts.length === 0) return [];
  const rows = counts
    .slice(0, maxLines)
    .map(({ target, type, accepted, delivered, retried, dead }) => [
      ...[accepted, delivered, retried, dead].map(String),
      safeText(target),
      safeText(type),
    ]);
  return ['', textTable(['ACCEPTED', 'DELIVERED', 'RETRIED', 'DEAD', 'TARGET', 'TYPE, IN THE PAST DAY'], rows)];
}
