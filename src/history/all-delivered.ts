import { nextTurn } from '../core/next-turn.js';
import type { DeliveredFilter, DeliveredNotification, DeliveredQuery } from './history.js';
import type { DeliveredCount, DeliveredFound, DeliveredReading } from './sqlite-delivered.js';

/** Checking this many takes about a millisecond. */
const maxPerPiece = 1_000;

type Later<Call extends (...given: never[]) => unknown> = (...given: Parameters<Call>) => Promise<ReturnType<Call>>;

/** Lists delivered notifications in pieces, each in a turn of the event loop of its own, so that nothing else waits long. */
export async function listDelivered(
  search: Later<DeliveredReading['searchDelivered']>,
  { limit, before, ...filter }: DeliveredQuery,
  keptFrom: number,
): Promise<readonly DeliveredNotification[]> {
  const found: DeliveredNotification[] = [];
  for (let isEnd = false, from = before; !isEnd;) {
    const piece = { ...filter, keptFrom, before: from, size: maxPerPiece };
    const { delivered, next }: DeliveredFound = await search(piece, limit - found.length);
    found.push(...delivered);
    from = next;
    isEnd = next === undefined || found.length >= limit;
    if (!isEnd) await nextTurn();
  }
  return found;
}

/** Counts delivered notifications in the same way. */
export async function countDelivered(
  count: Later<DeliveredReading['countDelivered']>,
  filter: DeliveredFilter,
  keptFrom: number,
): Promise<number> {
  let counted = 0;
  for (let isEnd = false, before: number | undefined; !isEnd;) {
    const piece = { ...filter, keptFrom, before, size: maxPerPiece };
    const counting: DeliveredCount = await count(piece);
    counted += counting.count;
    before = counting.next;
    isEnd = before === undefined;
    if (!isEnd) await nextTurn();
  }
  return counted;
}
