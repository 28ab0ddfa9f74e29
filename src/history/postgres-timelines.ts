import type { RunSql, SqlRow } from '../outbox/postgres/postgres-server.js';
import type { OutboxTables } from '../outbox/postgres/schema.js';
import { byHandCondition } from './by-hand.js';
import {
  changeKinds,
  type DeliveredFilter,
  type DeliveredNotification,
  entriesKeptMs,
  firstKept,
  type History,
  type HistoryReport,
  type KeptDelivered,
  latestKept,
  maxEntries,
  maxLatestChanges,
  maxOfAll,
  mayHaveMany,
  type TimelineEntry,
  type TimelineKind,
} from './history.js';

/** A part of a statement: CTEs that add to the timelines, and the values of their parameters. */
export interface TimelineWriting {
  readonly ctes: string;
  readonly values: readonly unknown[];
}

export interface TimelineWritingOptions {
  readonly tables: OutboxTables;
  readonly added: Pick<HistoryReport, 'entries' | 'delivered'>;
  readonly now: number;
  readonly kept: KeptDelivered;
  /** Whether to drop what is too much or too old. */
  readonly isDropping: boolean;
  /** The number of the first parameter. */
  readonly first: number;
}

/** Adds to the timelines in the statement of which it is a part; probes that were never sent are one row. */
export function timelineWriting({
  tables,
  added,
  now,
  kept,
  isDropping,
  first,
}: TimelineWritingOptions): TimelineWriting {
  const { timeline, delivered } = tables;
  const parameter = (index: number): string => `$${String(first + index)}`;
  const [entryRows, deliveredRows, many, isDropped, keptFrom, maxCount, deliveredFrom] = [0, 1, 2, 3, 4, 5, 6].map(
    parameter,
  ) as [string, string, string, string, string, string, string];
  const ctes = `
    new_entry AS (
      SELECT * FROM jsonb_to_recordset(${entryRows}::jsonb) AS e (place integer, may_join boolean, id text, target text, type text,
        lane text, kind text, at bigint, last_at bigint, count integer, attempts integer, status integer, code text,
        duration_ms float8, detail text, by text)
    ), joined AS (
      UPDATE ${timeline} t SET count = t.count + e.count, last_at = e.last_at, duration_ms = e.duration_ms
      FROM new_entry e WHERE e.may_join AND t.kind = 'unsent' AND t.code = e.code
        AND t.position = (SELECT max(l.position) FROM ${timeline} l WHERE l.id = e.id AND l.target = e.target)
      RETURNING e.place
    ), kept_entry AS (
      INSERT INTO ${timeline} (id, target, type, lane, kind, at, last_at, count, attempts, status, code, duration_ms, detail, by)
      SELECT id, target, type, lane, kind, at, last_at, count, attempts, status, code, duration_ms, detail, by
      FROM new_entry WHERE place NOT IN (SELECT place FROM joined) ORDER BY place
    ), kept_delivered AS (
      INSERT INTO ${delivered} (id, target, type, lane, accepted_at, delivered_at, attempts, status, duration_ms)
      SELECT id, target, type, lane, accepted_at, delivered_at, attempts, status, duration_ms
      FROM jsonb_to_recordset(${deliveredRows}::jsonb) AS d (place integer, id text, target text, type text, lane text,
        accepted_at bigint, delivered_at bigint, attempts integer, status integer, duration_ms float8) ORDER BY place
    ), dropped_middle AS (
      DELETE FROM ${timeline} WHERE position IN (
        SELECT position FROM (
          SELECT position, row_number() OVER (PARTITION BY id, target ORDER BY position) AS first,
            row_number() OVER (PARTITION BY id, target ORDER BY position DESC) AS last
          FROM ${timeline} WHERE id = ANY(${many}::text[])
        ) n WHERE first > ${String(firstKept)} AND last > ${String(latestKept)}
      )
    ), dropped AS (
      DELETE FROM ${timeline} WHERE ${isDropped}::boolean AND (
        position <= (SELECT max(position) FROM ${timeline}) - ${String(maxEntries)}
        OR (last_at < ${keptFrom}::bigint AND position IN (SELECT position FROM ${timeline} ORDER BY position LIMIT 1000))
      )
    ), dropped_delivered AS (
      DELETE FROM ${delivered} WHERE ${isDropped}::boolean AND (
        position <= (SELECT max(position) FROM ${delivered}) - ${maxCount}::bigint
        OR (delivered_at < ${deliveredFrom}::bigint
          AND position IN (SELECT position FROM ${delivered} ORDER BY position LIMIT 1000))
      )
    )`;
  return {
    ctes,
    values: [
      asJson(
        added.entries.map((entry, place) => ({ place, may_join: isFirst(added.entries, place), ...rowOf(entry) })),
      ),
      asJson(added.delivered.map((one, place) => ({ place, ...deliveredRowOf(one) }))),
      [...new Set(added.entries.filter(mayHaveMany).map(({ id }) => id))],
      isDropping,
      Math.round(now - entriesKeptMs),
      kept.count,
      Math.round(now - kept.ms),
    ],
  };
}

/** Whether this is a probe that may continue what is stored: nothing else is added of its notification before it. */
function isFirst(entries: readonly TimelineEntry[], place: number): boolean {
  const probe = entries[place];
  if (probe?.kind !== 'unsent') return false;
  return entries.findIndex(({ id, target }) => id === probe.id && target === probe.target) === place;
}

/** What is read of the timelines. */
export function createTimelineReading(
  run: RunSql,
  { timeline, delivered }: Pick<OutboxTables, 'timeline' | 'delivered'>,
): Pick<History, 'timeline' | 'changes'> & {
  /** Those that were delivered before `keptFrom` are left out. */
  countDelivered(filter: DeliveredFilter, keptFrom: number): Promise<number>;
  listDelivered(query: Parameters<History['listDelivered']>[0], keptFrom: number): ReturnType<History['listDelivered']>;
} {
  return {
    async timeline(id, from) {
      const entries = await run(
        `(SELECT * FROM ${timeline} WHERE id = $1 AND id <> '')
         UNION ALL (SELECT * FROM ${timeline} WHERE id = '' AND at >= $2::bigint ORDER BY position DESC LIMIT ${String(maxOfAll)})
         ORDER BY position`,
        [wellFormed(id), Math.round(from)],
      );
      const found = await run(`SELECT * FROM ${delivered} WHERE id = $1 ORDER BY position`, [wellFormed(id)]);
      return { entries: entries.map(entryOf), delivered: found.map(deliveredOf) };
    },
    async changes(from) {
      const sums = await run(
        `SELECT kind, sum(count) AS count FROM ${timeline} WHERE kind = ANY($1) AND at >= $2::bigint GROUP BY kind`,
        [changeKinds, Math.round(from)],
      );
      const latest = await run(
        `SELECT * FROM ${timeline} WHERE ${byHandCondition(timeline, '$1::bigint')}
         ORDER BY position DESC LIMIT ${String(maxLatestChanges)}`,
        [Math.round(from)],
      );
      const counts = Object.fromEntries(sums.map(({ kind, count }) => [kind, Number(count)])) as object;
      return { redelivered: 0, discarded: 0, ...counts, latest: latest.map(entryOf) };
    },
    async listDelivered({ limit, before, ...filter }, keptFrom) {
      const rows = await run(
        `SELECT * FROM ${delivered} WHERE ${matching} AND ($7::bigint IS NULL OR position < $7)
         ORDER BY position DESC LIMIT $8::integer`,
        [...valuesOf(filter, keptFrom), before ?? null, limit],
      );
      return rows.map(deliveredOf);
    },
    async countDelivered(filter, keptFrom) {
      const [row] = await run(
        `SELECT count(*) AS count FROM ${delivered} WHERE ${matching}`,
        valuesOf(filter, keptFrom),
      );
      return Number(row?.['count']);
    },
  };
}

const searched = ['id', 'type', 'lane', 'status::text'];
/** In the order of C only a to z are the same as A to Z. */
const contains = (text: string): string => `strpos(lower(${text} COLLATE "C"), lower($1::text COLLATE "C")) > 0`;

/** Its parameters are those of `valuesOf`. */
const matching = `($1::text = '' OR ${searched.map(contains).join(' OR ')})
  AND ($2::text IS NULL OR target = $2) AND ($3::text IS NULL OR type = $3) AND ($4::text IS NULL OR lane = $4)
  AND delivered_at >= $5::float8 AND ($6::float8 IS NULL OR delivered_at < $6)`;

function valuesOf(
  { search = '', target, type, lane, from = 0, to }: DeliveredFilter,
  keptFrom: number,
): readonly unknown[] {
  const laneText = lane === undefined ? null : wellFormed(lane);
  return [wellFormed(search), target ?? null, type ?? null, laneText, Math.max(from, keptFrom), to ?? null];
}

/** PostgreSQL can hold neither a NUL nor half of a surrogate pair. */
function wellFormed(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\u2400')).toString();
}

function asJson(rows: readonly object[]): string {
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'string' ? wellFormed(value) : value));
}

function rowOf({ at, lastAt, durationMs, ...entry }: TimelineEntry): object {
  return { ...entry, at: Math.round(at), last_at: Math.round(lastAt), duration_ms: durationMs };
}

function deliveredRowOf(one: Omit<DeliveredNotification, 'position'>): object {
  const { acceptedAt, deliveredAt, durationMs, ...about } = one;
  return {
    ...about,
    accepted_at: Math.round(acceptedAt),
    delivered_at: Math.round(deliveredAt),
    duration_ms: durationMs,
  };
}

function entryOf(row: SqlRow): TimelineEntry {
  const { status, code, duration_ms: durationMs, by } = row;
  return {
    id: String(row['id']),
    target: String(row['target']),
    type: String(row['type']),
    lane: String(row['lane']),
    kind: row['kind'] as TimelineKind,
    at: Number(row['at']),
    lastAt: Number(row['last_at']),
    count: Number(row['count']),
    attempts: Number(row['attempts']),
    status: status === null ? null : Number(status),
    code: typeof code === 'string' ? code : null,
    durationMs: durationMs === null ? null : Number(durationMs),
    detail: String(row['detail']),
    by: typeof by === 'string' ? by : null,
  };
}

function deliveredOf(row: SqlRow): DeliveredNotification {
  return {
    id: String(row['id']),
    target: String(row['target']),
    type: String(row['type']),
    lane: String(row['lane']),
    acceptedAt: Number(row['accepted_at']),
    deliveredAt: Number(row['delivered_at']),
    attempts: Number(row['attempts']),
    status: Number(row['status']),
    durationMs: Number(row['duration_ms']),
    position: Number(row['position']),
  };
}
