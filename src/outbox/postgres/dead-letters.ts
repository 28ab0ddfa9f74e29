import type {
  DeadFilter,
  DeadGroup,
  DeadLetter,
  DeadProgress,
  DeadQuery,
  DeadRange,
  DeadReason,
  DeadSummary,
} from '../outbox.js';
import { changeInPieces, maxGroups } from '../all-dead-letters.js';
import type { AllDeadLetters } from '../outbox-access.js';
import type { TableName } from './postgres-outbox.js';
import type { RunSql, SqlRow } from './postgres-server.js';
import { tablesOf } from './schema.js';
import { finiteInstant, searchIn, searchValue } from './search-text.js';
import { deadColumns, deadOf, isUuid, msOf } from './stored-rows.js';

/** Reads and changes the dead letters of an outbox. */
export interface DeadLetterTable {
  readonly list: (query: DeadQuery) => Promise<readonly DeadLetter[]>;
  readonly summary: (filter: DeadFilter) => Promise<DeadSummary>;
  /** This and the next three resolve to how many were changed. `onPiece` returns whether to continue. */
  readonly redeliver: (id: string, target?: string) => Promise<number>;
  readonly redeliverAll: (which: AllDeadLetters, onPiece?: () => boolean) => Promise<number>;
  readonly discard: (id: string, target?: string) => Promise<number>;
  readonly discardAll: (which: AllDeadLetters, onPiece?: () => boolean) => Promise<number>;
}

const searched = ['id::text', 'type', 'lane', 'reason_status::text', 'reason_kind', 'reason_detail'];
/** Its parameters are those of `matchValues`. */
const matches = `${searchIn(searched)}
  AND ($2::text IS NULL OR target = $2) AND ($3::text IS NULL OR type = $3) AND ($4::text IS NULL OR lane = $4)
  AND ($5::text IS NULL OR reason_kind = $5) AND ($6::integer IS NULL OR coalesce(reason_status, 0) = $6)
  AND ($7::float8 IS NULL OR died_at >= to_timestamp($7 / 1000)) AND ($8::float8 IS NULL OR died_at < to_timestamp($8 / 1000))
  AND ($9::uuid[] IS NULL OR id = ANY ($9))`;

export function createDeadLetterTable(run: RunSql, table: TableName): DeadLetterTable {
  const { pending, dead, channel } = tablesOf(table);

  /** Removes the rows that were chosen, unless their target has the id pending; those stay dead. */
  const takenOut = `taken AS (
    DELETE FROM ${dead} d USING chosen WHERE d.position = chosen.position AND chosen.is_match
      AND NOT EXISTS (SELECT FROM ${pending} p WHERE p.id = d.id AND p.target = d.target)
    RETURNING d.*
  )`;
  // In one statement, so that a notification is never in both tables nor in neither. The new rows get their `seq` in this order.
  const madePending = `${takenOut}, changed AS (
    INSERT INTO ${pending} (id, target, type, lane, occurred_at, traceparent, body)
    SELECT id, target, type, lane, occurred_at, traceparent, body FROM taken ORDER BY position
    ON CONFLICT (id, target) DO NOTHING RETURNING 1
  )`;
  const removed = `changed AS (
    DELETE FROM ${dead} d USING chosen WHERE d.position = chosen.position AND chosen.is_match RETURNING 1
  )`;

  const withId = async (id: string, target: string | undefined, change: string): Promise<number> => {
    if (!isUuid(id)) return 0;
    const [row] = await run(
      `WITH chosen AS (
        SELECT position, true AS is_match FROM ${dead} WHERE id = $1::uuid AND ($2::text IS NULL OR target = $2)
      ), ${change} SELECT count(*) AS count FROM changed`,
      [id, target ?? null],
    );
    return Number(row?.['count']);
  };

  const inRange = async ({ after = 0, upTo, limit, ...filter }: DeadRange, change: string): Promise<DeadProgress> => {
    const [row] = await run(
      `WITH chosen AS (
        SELECT position, ${matches} AS is_match FROM ${dead} WHERE position > $10::bigint AND position <= $11::bigint
          AND ($9::uuid[] IS NULL OR id = ANY ($9)) ORDER BY position LIMIT $12::integer
      ), ${change} SELECT count(*) AS count, (SELECT count(*) FROM chosen) AS checked, (SELECT max(position) FROM chosen) AS last
      FROM changed`,
      [...matchValues(filter), after, upTo, limit],
    );
    const isLast = Number(row?.['checked']) < limit;
    return { count: Number(row?.['count']), next: isLast ? undefined : Number(row?.['last']) };
  };

  const newestPosition = async (): Promise<number> => {
    const [row] = await run(`SELECT coalesce(max(position), 0) AS newest FROM ${dead}`);
    return Number(row?.['newest']);
  };

  /** Tells the process that delivers; one that does not hear it finds them when it reads next. */
  const wake = async (count: number): Promise<void> => {
    if (count > 0) await run(`NOTIFY ${channel}`).catch(() => undefined);
  };

  return {
    async list({ limit, before = Number.MAX_SAFE_INTEGER, ...filter }) {
      const rows = await run(
        `SELECT ${deadColumns} FROM ${dead} WHERE position < $10::bigint AND ${matches}
         ORDER BY position DESC LIMIT $11::integer`,
        [...matchValues(filter), before, limit],
      );
      return rows.map(deadOf);
    },

    async summary(filter) {
      const rows = await run(
        `SELECT g.*, d.id, d.reason_detail, ${msOf('d.died_at')} AS died_at FROM (
           SELECT target, type, reason_kind, reason_status, count(*) AS count, max(position) AS position,
             sum(count(*)) OVER () AS total
           FROM ${dead} WHERE ${matches} GROUP BY target, type, reason_kind, reason_status
         ) g JOIN ${dead} d ON d.position = g.position ORDER BY g.count DESC, g.position DESC LIMIT $10::integer`,
        [...matchValues(filter), maxGroups],
      );
      return { count: Number(rows[0]?.['total'] ?? 0), groups: rows.map(groupOf) };
    },

    async redeliver(id, target) {
      const count = await withId(id, target, madePending);
      await wake(count);
      return count;
    },

    redeliverAll: ({ upTo = newestPosition(), ...filter }, onPiece) =>
      changeInPieces({ ...filter, onPiece }, upTo, async (range) => {
        const progress = await inRange(range, madePending);
        await wake(progress.count);
        return progress;
      }),

    discard: (id, target) => withId(id, target, removed),

    discardAll: ({ upTo = newestPosition(), ...filter }, onPiece) =>
      changeInPieces({ ...filter, onPiece }, upTo, (range) => inRange(range, removed)),
  };
}

/**
 * Removes dead letters that are older than this by the server's clock, in milliseconds, at most `limit` of them. Resolves to how
 * many. No age is counted from before the clock's last jump.
 */
export async function expireDead(run: RunSql, table: TableName, retentionMs: number, limit: number): Promise<number> {
  const { dead, state } = tablesOf(table);
  // Past the leader's lease, the clock has just jumped.
  const now = `least(statement_timestamp(), (SELECT leads_until FROM ${state}))`;
  const before = `(${now} - $1::float8 * interval '1 millisecond')`;
  const [row] = await run(
    `WITH expired AS (
      DELETE FROM ${dead} WHERE position IN (
        SELECT position FROM ${dead}
        WHERE died_at < ${before} AND (SELECT ages_from FROM ${state}) < ${before} ORDER BY died_at LIMIT $2::integer
      ) RETURNING 1
    ) SELECT count(*) AS count FROM expired`,
    [Math.min(retentionMs, longestRetentionMs), limit],
  );
  return Number(row?.['count']);
}

function groupOf(row: SqlRow): DeadGroup {
  return {
    target: String(row['target']),
    type: String(row['type']),
    reason: row['reason_kind'] as DeadReason['kind'],
    status: row['reason_status'] === null ? undefined : Number(row['reason_status']),
    count: Number(row['count']),
    id: String(row['id']),
    position: Number(row['position']),
    diedAt: Number(row['died_at']),
    detail: String(row['reason_detail']),
  };
}

/** 3,000 years; the server knows no instants before 4713 BC. */
const longestRetentionMs = 1e14;

function matchValues({ search = '', target, type, lane, reason, status, from, to, ids }: DeadFilter): unknown[] {
  // The others would be refused, and match nothing.
  const uuids = ids?.filter(isUuid);
  const others = [target, type, lane, reason, status, finiteInstant(from), finiteInstant(to), uuids];
  return [searchValue(search), ...others.map((value) => value ?? null)];
}
