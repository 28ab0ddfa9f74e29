import type { Outbox, PendingFilter, PendingRange } from '../outbox.js';
import { isLike, likePattern } from './like-pattern.js';
import { listedOf, targetLimit, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow, SqliteValue } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';
import type { Tally } from './tally.js';

/** Lists and counts the pending notifications of an open connection. Their place in the list is the key of their row. */
export type PendingList = Pick<Outbox, 'searchPending' | 'countPending'>;

// Without the body, which is the last column of a row: its pages are not read.
const columns = 'position, target, id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent';
// As in dead-letters.ts: ids and lanes are stored as `toText` encodes them; what is like the text is found first.
const matches = `(?6 = '' OR ((${isLike(['id', 'lane'], '?11')} OR ${isLike(['type'], '?12')}) AND (
    instr(lower(replace(id, '%0025', '%')), lower(?5)) OR instr(lower(replace(lane, '%0025', '%')), lower(?5)) OR
    instr(lower(type), lower(?6)))))
  AND (?7 IS NULL OR type = ?7) AND (?8 IS NULL OR (attempts > 0) = ?8) AND accepted_at >= ?9 AND accepted_at < ?10`;
/** What a range checks. Of one lane, the index on it finds that. */
const inTable = 'FROM pending WHERE position > ?1 AND position < ?2 AND ?4 IS NULL ORDER BY position LIMIT ?3';
const inLane = 'FROM pending WHERE lane = ?4 AND position > ?1 AND position < ?2 ORDER BY position LIMIT ?3';
const limitOfTarget = String(targetLimit);
const waitsInLane = `EXISTS (SELECT 1 FROM pending AS earlier WHERE earlier.lane = found.lane
  AND earlier.position < found.position AND earlier.position > found.position / ${limitOfTarget} * ${limitOfTarget})`;

export function preparePendingList(database: SqliteDatabase, tally: Tally): PendingList {
  const prepare = (checked: string) => ({
    // In the order of the inner query; another ORDER BY would look at the lanes of all that match, not only of those returned.
    search: database.prepare(
      `SELECT *, ${waitsInLane} AS waits_in_lane FROM (SELECT ${columns} ${checked}) AS found WHERE ${matches} LIMIT ?13`,
    ),
    count: database.prepare(
      `SELECT count(*) AS count FROM (SELECT id, type, lane, attempts, accepted_at ${checked}) WHERE ${matches}`,
    ),
    end: database.prepare(`SELECT max(position) AS last, count(*) AS count FROM (SELECT position ${checked})`),
  });
  const statements = { ofAll: prepare(inTable), ofLane: prepare(inLane) };

  /** The statements for a range and their first parameters; undefined if there can be nothing in it. */
  const planOf = ({ after, limit, target: name, lane, ...filter }: PendingRange) => {
    const { base, end } =
      name === undefined ? { base: 0, end: Number.MAX_SAFE_INTEGER } : (tally.find(name) ?? { base: 0, end: 0 });
    const bounds: SqliteValue[] = [Math.max(after, base), end, limit, lane === undefined ? null : toText(lane)];
    return {
      ...(lane === undefined ? statements.ofAll : statements.ofLane),
      bounds,
      values: [...bounds, ...matchValues(filter)],
    };
  };

  /** Where a range goes on. */
  const nextOf = ({ end, bounds }: ReturnType<typeof planOf>, { after, limit }: PendingRange): number | undefined => {
    const { last, count } = end.get(...bounds) as SqliteRow;
    if (Number(count) < limit) return undefined;
    // It would never end.
    if (!(Number(last) > after)) throw damaged('its order is gone');
    return Number(last);
  };

  return {
    searchPending(range, most) {
      const plan = planOf(range);
      const rows = plan.search.all(...plan.values, most) as SqliteRow[];
      const entries = rows.map((row) => listedOf(row, tally.stored(row['target'])));
      const last = entries.at(-1);
      return { entries, next: last !== undefined && entries.length === most ? last.place : nextOf(plan, range) };
    },
    countPending(range) {
      const plan = planOf(range);
      const { count } = plan.count.get(...plan.values) as SqliteRow;
      return { count: Number(count), next: nextOf(plan, range) };
    },
  };
}

/** The parameters of `matches`. */
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
