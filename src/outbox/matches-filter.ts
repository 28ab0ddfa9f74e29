import type { DeadFilter, DeadLetter } from './dead-letter.js';
import type { PendingEntry, PendingFilter } from './pending-entry.js';

type Matches<Listed> = (listed: Listed) => boolean;

/** Returns whether a dead letter matches the filter. */
export function matchesDead(filter: DeadFilter): Matches<DeadLetter> {
  const { from = -Infinity, to = Infinity } = filter;
  const text = toLowerAscii(filter.search ?? '');
  const ids = filter.ids === undefined ? undefined : new Set(filter.ids);
  return ({ target, id, type, lane, diedAt, reason: { kind, status, detail } }) =>
    areEqual([
      [filter.target, target],
      [filter.type, type],
      [filter.lane, lane],
      [filter.reason, kind],
      [filter.status, status ?? 0],
    ]) &&
    ids?.has(id) !== false &&
    diedAt >= from &&
    diedAt < to &&
    [id, type, lane, kind, String(status ?? ''), detail].some((part) => toLowerAscii(part).includes(text));
}

/** Whether a filter of either selects all. */
export function isUnfiltered(filter: DeadFilter | PendingFilter): boolean {
  return Object.values(filter).every((wanted) => wanted === undefined || wanted === '');
}

type Filtered = Pick<PendingEntry, 'target' | 'id' | 'type' | 'lane' | 'attempts' | 'acceptedAt'>;

/** Returns whether a pending notification matches the filter. */
export function matchesPending(filter: PendingFilter): Matches<Filtered> {
  const { from = -Infinity, to = Infinity } = filter;
  const text = toLowerAscii(filter.search ?? '');
  return ({ target, id, type, lane, attempts, acceptedAt }) =>
    areEqual([
      [filter.target, target],
      [filter.type, type],
      [filter.lane, lane],
      [filter.attempts, attempts > 0 ? 'some' : 'none'],
    ]) &&
    acceptedAt >= from &&
    acceptedAt < to &&
    [id, type, lane].some((part) => toLowerAscii(part).includes(text));
}

function areEqual(pairs: readonly (readonly [wanted: unknown, own: unknown])[]): boolean {
  return pairs.every(([wanted, own]) => wanted === undefined || wanted === own);
}

/** As SQLite does it. */
function toLowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
