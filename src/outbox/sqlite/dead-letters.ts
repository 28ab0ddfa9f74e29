import type {
  DeadFilter,
  DeadFound,
  DeadLetter,
  DeadPiece,
  DeadProgress,
  DeadQuery,
  DeadRange,
  DeadReason,
  DeadSearch,
  StoredNotification,
} from '../outbox.js';
import { isUnfiltered } from '../matches-filter.js';
import { conditionOf } from './condition-of.js';
import { isLike, likePattern } from './like-pattern.js';
import { contentOf, deadOf, fromText, toText } from './rows.js';
import { removeMeasured } from './settle.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { copyRows } from './sqlite-errors.js';
import { createStatementCache } from './statement-cache.js';
import type { Tally } from './tally.js';

/** Reads the dead letters of an open connection, and changes them within a transaction. */
export interface DeadLetters {
  readonly list: (query: DeadQuery) => DeadLetter[];
  readonly search: (range: DeadSearch, most: number) => DeadFound;
  readonly groupInRange: (range: DeadRange) => DeadPiece;
  readonly find: (id: string, target?: string) => StoredNotification[];
  /** This and the next select dead letters, oldest first, for the calls below. */
  readonly withId: (id: string, target?: string) => Chosen[];
  readonly expired: (before: number, limit: number) => Chosen[];
  /** Passes the matching dead letters of a range to `change`, which returns how many it changed. */
  readonly changeInRange: (range: DeadRange, change: (chosen: readonly Chosen[]) => number) => DeadProgress;
  /** This and the next return how many they changed. */
  readonly redeliver: (chosen: readonly Chosen[], at: number) => number;
  readonly remove: (chosen: readonly Chosen[]) => number;
}

/** A dead letter to change. */
export interface Chosen {
  readonly position: number;
  /** Its target's name, as it is stored. */
  readonly target: string;
  /** The size of its body. */
  readonly bytes: number;
}

const columns =
  'position, target, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail';
const chosenColumns = 'position, target, length(body) AS bytes';
// Ids, lanes and targets are stored as `toText` encodes them; the other columns as they are. A `%` is decoded, so that a search
// does not find its code.
const isNear = `(${isLike(['id', 'lane'], '?10')} OR ${isLike(['type', 'reason_status', 'reason_kind', 'reason_detail'], '?11')})`;
// What is like the text, which is found twice as fast, and then exactly what has it.
const hasText = `${isNear} AND (
    instr(lower(replace(id, '%0025', '%')), lower(?1)) OR instr(lower(replace(lane, '%0025', '%')), lower(?1)) OR
    instr(lower(type), lower(?2)) OR
    instr(reason_status, ?2) OR instr(reason_kind, lower(?2)) OR instr(lower(reason_detail), lower(?2)))`;

/** What the rows have to fulfil; its parameters are those of `matchValues`. */
function matchesOf({ search, target, type, lane, reason, status, from, to }: DeadFilter): string {
  return conditionOf([
    [hasText, search],
    ['target = ?3', target],
    ['type = ?4', type],
    ['lane = ?5', lane],
    ['reason_kind = ?6', reason],
    ['coalesce(reason_status, 0) = ?7', status],
    ['died_at >= ?8', from],
    ['died_at < ?9', to],
  ]);
}

export function prepareDeadLetters(database: SqliteDatabase, tally: Tally): DeadLetters {
  const select = database.prepare(`SELECT ${columns} FROM dead WHERE position < ? ORDER BY position DESC LIMIT ?`);
  const prepared = createStatementCache(database);
  const selectById = database.prepare(`SELECT ${columns}, traceparent, body FROM dead WHERE id = ? ORDER BY position`);
  const chooseById = database.prepare(
    `SELECT ${chosenColumns} FROM dead WHERE id = ?1 AND (?2 IS NULL OR target = ?2) ORDER BY position`,
  );
  const chooseExpired = database.prepare(
    `SELECT ${chosenColumns} FROM dead WHERE died_at < ? ORDER BY position LIMIT ?`,
  );
  const insertPending = database.prepare(
    `INSERT INTO pending (position, target, id, type, lane, occurred_at, accepted_at, traceparent, body)
     SELECT ?1, target, id, type, lane, occurred_at, ?2, traceparent, body FROM dead WHERE position = ?3`,
  );
  const removeAt = database.prepare('DELETE FROM dead WHERE position IN (SELECT value FROM json_each(?))');

  /** Selects these columns of a range's rows, and whether each matches. */
  const rangeOf = ({ after = 0, upTo, limit, ids, ...filter }: DeadRange, selected: string) => ({
    rows: `SELECT ${selected}, ${matchesOf(filter)} AS is_match FROM dead
      WHERE ${isOneOf(ids, '?15')} AND position > ?12 AND position <= ?13 ORDER BY position LIMIT ?14`,
    values: [...matchValues(filter), after, upTo, limit, idList(ids)] satisfies SqliteValue[],
  });

  const remove = (chosen: readonly Chosen[]): number => {
    for (const [target, letters] of byTarget(chosen)) tally.countDead(tally.stored(target), -letters.length);
    removeMeasured(removeAt, [JSON.stringify(chosen.map(({ position }) => position))], chosen.length);
    return chosen.length;
  };

  const search = ({ before, limit, ids, ...filter }: DeadSearch, most: number): DeadFound => {
    const rows = `FROM dead WHERE ${isOneOf(ids, '?14')} AND position < ?12 ORDER BY position DESC LIMIT ?13`;
    const values: SqliteValue[] = [...matchValues(filter), before, limit, idList(ids)];
    // In the order of the inner query.
    const matching = `SELECT * FROM (SELECT ${columns} ${rows}) WHERE ${matchesOf(filter)} LIMIT ?15`;
    const letters = prepared(matching)
      .all(...values, most)
      .map(deadOf);
    const oldest = letters.at(-1);
    if (oldest !== undefined && letters.length === most) return { letters, next: oldest.position };
    const end = `SELECT min(position) AS last, count(*) AS count FROM (SELECT position ${rows})`;
    const { last, count } = prepared(end).get(...values) as SqliteRow;
    return { letters, next: Number(count) < limit ? undefined : Number(last) };
  };

  return {
    list({ limit, before = Number.MAX_SAFE_INTEGER, ...filter }) {
      if (isUnfiltered(filter)) return select.all(before, limit).map(deadOf);
      return [...search({ ...filter, before, limit: Number.MAX_SAFE_INTEGER }, limit).letters];
    },

    search,

    groupInRange(range) {
      // Those that do not match are grouped as well: so the range is read once, and its end is known.
      // Beside `max(position)` the other columns are those of that row: https://www.sqlite.org/lang_select.html#bareagg.
      const grouped = 'is_match, target, type, reason_kind, reason_status';
      const one = rangeOf(range, 'target, type, reason_kind, reason_status, position, died_at');
      const statement = prepared(
        `SELECT ${grouped}, count(*) AS count, max(position) AS position, died_at FROM (${one.rows})
         GROUP BY ${grouped} ORDER BY position`,
      );
      const rows = statement.all(...one.values) as SqliteRow[];
      const count = rows.reduce((sum, row) => sum + Number(row['count']), 0);
      return {
        groups: rows.filter((row) => row['is_match'] === 1).map(groupOf),
        next: count < range.limit ? undefined : Number(rows.at(-1)?.['position']),
      };
    },

    find(id, name) {
      const found = selectById
        .all(toText(id))
        .map((row) => ({ state: 'dead' as const, ...deadOf(row), ...contentOf(row) }));
      return name === undefined ? found : found.filter(({ target }) => target === name);
    },

    withId: (id, target) => chosenBy(chooseById, toText(id), target === undefined ? null : toText(target)),
    expired: (before, limit) => chosenBy(chooseExpired, before, limit),

    changeInRange(range, change) {
      const { rows: select, values } = rangeOf(range, chosenColumns);
      const rows = prepared(select).all(...values) as (Chosen & { readonly is_match: unknown })[];
      const count = change(rows.filter((row) => row.is_match === 1));
      return { count, next: rows.length < range.limit ? undefined : rows.at(-1)?.position };
    },

    redeliver(chosen, at) {
      for (const [target, letters] of byTarget(chosen)) {
        const { name } = tally.stored(target);
        const bytes = letters.reduce((sum, letter) => sum + letter.bytes, 0);
        const {
          target: { base },
          after,
        } = tally.reserve(name, { count: letters.length, bytes });
        letters.forEach(({ position }, index) => {
          copyRows(() => insertPending.run(base + after + 1 + index, at, position));
        });
      }
      return remove(chosen);
    },

    remove,
  };
}

/** Whether a row is one of those with these ids, which are in this parameter; of all, if there are none. */
function isOneOf(ids: DeadFilter['ids'], parameter: string): string {
  return ids === undefined ? `${parameter} IS NULL` : `id IN (SELECT value FROM json_each(${parameter}))`;
}

/** As the statements take them: a JSON list. */
function idList(ids: DeadFilter['ids']): string | null {
  return ids === undefined ? null : JSON.stringify(ids.map(toText));
}

function groupOf(row: SqliteRow): DeadPiece['groups'][number] {
  return {
    target: fromText(String(row['target'])),
    type: String(row['type']),
    reason: String(row['reason_kind']) as DeadReason['kind'],
    status: row['reason_status'] === null ? undefined : Number(row['reason_status']),
    count: Number(row['count']),
    position: Number(row['position']),
    diedAt: Number(row['died_at']),
  };
}

function chosenBy(statement: SqliteStatement, ...values: Parameters<SqliteStatement['all']>): Chosen[] {
  return statement.all(...values) as Chosen[];
}

/** The parameters of `matchesOf`. */
function matchValues({ search = '', target, type, lane, reason, status, from, to }: DeadFilter): SqliteValue[] {
  return [
    toText(search).replaceAll('%0025', '%'),
    search.replaceAll('\0', ' '),
    target === undefined ? null : toText(target),
    type ?? null,
    lane === undefined ? null : toText(lane),
    reason ?? null,
    status ?? null,
    // An instant may be a fraction.
    Math.max(from ?? 0, -Number.MAX_SAFE_INTEGER),
    Math.min(to ?? Infinity, Number.MAX_SAFE_INTEGER),
    likePattern(toText(search)),
    likePattern(search.replaceAll('\0', ' ')),
  ];
}

function byTarget(chosen: readonly Chosen[]): Map<string, Chosen[]> {
  const groups = new Map<string, Chosen[]>();
  for (const letter of chosen) {
    const group = groups.get(letter.target);
    if (group === undefined) groups.set(letter.target, [letter]);
    else group.push(letter);
  }
  return groups;
}
