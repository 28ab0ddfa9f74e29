import { nextTurn } from '../core/next-turn.js';
import { isUnfiltered } from './matches-filter.js';
import type { Outbox, PendingCount, PendingEntry, PendingFilter, PendingPiece, PendingQuery } from './outbox.js';

/** Checking this many takes less than a millisecond. */
const maxPerPiece = 500;

/** Counting what matches ends here. */
export const maxCounted = 10_000;

/** Lists pending notifications in pieces, each in a turn of the event loop of its own, so that nothing else waits long. */
export async function listPending(
  outbox: Pick<Outbox, 'searchPending'>,
  { limit, after = 0, ...filter }: PendingQuery,
): Promise<PendingEntry[]> {
  const found: PendingEntry[] = [];
  for (let from: number | undefined = after; from !== undefined;) {
    const most = limit - found.length;
    const { entries, next }: PendingPiece = outbox.searchPending({ ...filter, after: from, limit: maxPerPiece }, most);
    found.push(...entries);
    from = found.length < limit ? next : undefined;
    if (from !== undefined) await nextTurn();
  }
  return found;
}

/** Counts pending notifications in the same way, up to `maxCounted`; all, or all of a target, are counted already. */
export async function countPending(
  outbox: Pick<Outbox, 'countPending' | 'counts'>,
  filter: PendingFilter,
): Promise<PendingCount> {
  if (isOfTargetOnly(filter)) return { count: outbox.counts(filter.target).pending, isAtLeast: false };
  let counted = 0;
  for (let after: number | undefined = 0; after !== undefined;) {
    const { count, next }: { readonly count: number; readonly next: number | undefined } = outbox.countPending({
      ...filter,
      after,
      limit: maxPerPiece,
    });
    counted += count;
    if (counted > maxCounted) return { count: maxCounted, isAtLeast: true };
    after = next;
    if (after !== undefined) await nextTurn();
  }
  return { count: counted, isAtLeast: false };
}

/** Whether a filter selects by nothing but the target. */
export function isOfTargetOnly({ target: _target, ...others }: PendingFilter): boolean {
  return isUnfiltered(others);
}
