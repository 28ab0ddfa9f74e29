import type { Outbox, PendingFilter, PendingRange } from '../outbox.js';
import { conditionOf } from './condition-of.js';
import { isLike, likePattern } from './like-pattern.js';
import { listedOf, targetLimit, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow, SqliteValue } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';
import { createStatementCache } from './statement-cache.js';
import type { Tally } from './tally.js';

/** Lists and counts the pending notifications of an open connection. Their place in the list is the key of their row. */
export type PendingList = Pick<Outbox, 'searchPending' | 'countPending'>;

// Without the body, which is the last column of a row: its pages are not read.
const columns = 'position, target, id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent';
// As in dead-letters.ts: ids and lanes are stored as `toText` encodes them; what is like the text is found first.
const hasText = `(${isLike(['id', 'lane'], '?11')} OR ${isLike(['type'], '?12')}) AND (
    instr(lower(replace(id, '%0025', '%')), lower(?5)) OR instr(lower(replace(lane, '%0025', '%')), lower(?5)) OR
    instr(lower(type), lower(?6)))`;

/** What the rows have to fulfil; its parameters are those of `matchValues`. */
function matchesOf({ search, type, attempts, from, to }: PendingFilter): string {
  return conditionOf([
    [hasText, search],
    ['type = ?7', type],
    ['(attempts > 0) = ?8', attempts],
    ['accepted_at >= ?9', from],
    ['accepted_at < ?10', to],
  ]);
}

/** What a range checks. Of one lane, the index on it finds that. */
const inTable = 'FROM pending WHERE position > ?1 AND position < ?2 AND ?4 IS NULL ORDER BY position LIMIT ?3';
const inLane = 'FROM pending WHERE lane = ?4 AND position > ?1 AND position < ?2 ORDER BY position LIMIT ?3';
const limitOfTarget = String(targetLimit);
const waitsInLane = `EXISTS (SELECT 1 FROM pending AS earlier WHERE earlier.lane = found.lane
  AND earlier.position < found.position AND earlier.position > found.position / ${limitOfTarget} * ${limitOfTarget})`;

export function preparePendingList(database: SqliteDatabase, tally: Tally): PendingList {
  const prepared = createStatementCache(database);

  /** Which rows a range checks, for what, and the parameters. */
  const planOf = ({ after, limit, target: name, lane, ...filter }: PendingRange) => {
    const { base, end } =
      name === undefined ? { base: 0, end: Number.MAX_SAFE_INTEGER } : (tally.find(name) ?? { base: 0, end: 0 });
    const bounds: SqliteValue[] = [Math.max(after, base), end, limit, lane === undefined ? null : toText(lane)];
    return {
      checked: lane === undefined ? inTable : inLane,
      matches: matchesOf(filter),
      bounds,
      values: [...bounds, ...matchValues(filter)],
    };
  };

  return {
    searchPending(range, most) {
      const { checked, matches, bounds, values } = planOf(range);
      // In the order of the inner query; another ORDER BY would look at the lanes of all that match, not only of those returned.
      const search = `SELECT *, ${waitsInLane} AS waits_in_lane FROM (SELECT ${columns} ${checked}) AS found
        WHERE ${matches} LIMIT ?13`;
      const rows = prepared(search).all(...values, most) as SqliteRow[];
      const entries = rows.map((row) => listedOf(row, tally.stored(row['target'])));
      const last = entries.at(-1);
      if (last !== undefined && entries.length === most) return { entries, next: last.place };
      const end = `SELECT max(position) AS last, count(*) AS size FROM (SELECT position ${checked})`;
      return { entries, next: nextOf(prepared(end).get(...bounds) as SqliteRow, range) };
    },
    countPending(range) {
      const { checked, matches, values } = planOf(range);
      // The last parameter is named because all are given.
      const count = `SELECT count(*) FILTER (WHERE ${matches}) AS count, max(position) AS last, count(*) AS size, ?12
        FROM (SELECT position, id, type, lane, attempts, accepted_at ${checked})`;
      const row = prepared(count).get(...values) as SqliteRow;
      return { count: Number(row['count']), next: nextOf(row, range) };
    },
  };
}

/** Where a range goes on, of which these were checked. */
function nextOf({ last, size }: SqliteRow, { after, limit }: PendingRange): number | undefined {
  if (Number(size) < limit) return undefined;
  // It would never end.
  if (!(Number(last) > after)) throw damaged('its order is gone');
  return Number(last);
}

/** The parameters of `matchesOf`. */
function matchValues({ search = '', type, attempts, from, to }: PendingFilter): SqliteValue[] {
  return [
    toText(search).replaceAll('%0025', '%'),
    search.replaceAll('\0', ' '),
    type ?? null,
    attempts === undefined ? null : Number(attempts === 'some'),
    // An instant may be a fraction.
    Math.max(from ?? 0, -Number.MAX_SAFE_INTEGER),
    Math.min(to ?? Infinity, Number.MAX_SAFE_INTEGER),
    likePattern(toText(search)),
    likePattern(search.replaceAll('\0', ' ')),
  ];
}
