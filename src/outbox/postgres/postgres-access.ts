import { maxNeighbours, type OutboxCounts, type StoredNotification } from '../outbox.js';
import type { OutboxAccess } from '../outbox-access.js';
import { createDeadLetterTable } from './dead-letters.js';
import { createPendingList } from './pending-list.js';
import type { TableName } from './postgres-outbox.js';
import type { RunSql } from './postgres-server.js';
import { tablesOf } from './schema.js';
import { contentOf, deadOf, isUuid, msOf, pendingColumns, pendingOf } from './stored-rows.js';
import { wantedInstant } from './wanted-rows.js';

export interface PostgresAccessOptions {
  readonly run: RunSql;
  readonly table: TableName;
  /** Called by `close`. @default nothing, for a server that somebody else closes */
  readonly close?: (() => Promise<void>) | undefined;
}

/** What is in an outbox in PostgreSQL. All instants are by the server's clock; a pending entry's position is its `seq`. */
export function createPostgresAccess({ run, table, close }: PostgresAccessOptions): OutboxAccess {
  const { pending, dead, state, channel } = tablesOf(table);
  const { list, summary, ...deadLetters } = createDeadLetterTable(run, table);

  const access: OutboxAccess = {
    async counts(target) {
      const [row = {}] = await run(
        `SELECT p.*, CASE WHEN pending > 0 THEN ${msOf(`greatest(oldest_at, (SELECT ages_from FROM ${state}))`)} END AS oldest_accepted_at,
           (SELECT count(*) FROM ${dead} WHERE $1::text IS NULL OR target = $1) AS dead
         FROM (
           SELECT count(*) AS pending, sum(octet_length(body)) AS bytes, min(accepted_at) AS oldest_at
           FROM ${pending} WHERE $1::text IS NULL OR target = $1
         ) p`,
        [target ?? null],
      );
      const count = Number(row['pending']);
      return {
        pending: count,
        pendingBytes: Number(row['bytes'] ?? 0),
        dead: Number(row['dead']),
        oldestAcceptedAt: count === 0 ? undefined : Number(row['oldest_accepted_at']),
      } satisfies OutboxCounts;
    },

    async targets() {
      const rows = await run(`SELECT target FROM ${pending} UNION SELECT target FROM ${dead}`);
      return rows.map((row) => String(row['target']));
    },

    async readAfter(target, after, limit) {
      const rows = await run(
        `SELECT ${pendingColumns} FROM ${pending} p CROSS JOIN ${state} s WHERE p.target = $1 AND p.seq > $2::bigint
         ORDER BY p.seq LIMIT $3::integer`,
        [target, after, limit],
      );
      return rows.map(pendingOf);
    },

    ...createPendingList(run, table, async (target) => (await access.counts(target)).pending),
    listDead: list,
    summariseDead: summary,

    async find(id, target) {
      if (!isUuid(id)) return [];
      // One statement, so that one which dies meanwhile, or is redelivered, is found once.
      const rows = await run(
        `SELECT ${pendingColumns}, NULL::bigint AS position, NULL::bigint AS died_at,
           NULL::text AS reason_kind, NULL::integer AS reason_status, NULL::text AS reason_detail
         FROM ${pending} p CROSS JOIN ${state} s WHERE p.id = $1::uuid AND ($2::text IS NULL OR p.target = $2)
         UNION ALL
         SELECT NULL, id, target, type, lane, occurred_at, attempts, traceparent, NULL, NULL, body, position,
           ${msOf('died_at')}, reason_kind, reason_status, reason_detail
         FROM ${dead} WHERE id = $1::uuid AND ($2::text IS NULL OR target = $2) ORDER BY seq, position`,
        [id, target ?? null],
      );
      return rows.map((row): StoredNotification =>
        row['seq'] === null
          ? { state: 'dead', ...deadOf(row), ...contentOf(row) }
          : { state: 'pending', ...pendingOf(row) },
      );
    },

    async tryNow(id, target) {
      if (!isUuid(id)) return 0;
      // Also what waits for nothing but the target: its leader looks for these by themselves.
      const [row] = await run(
        `WITH first AS (
           SELECT seq FROM ${pending} p WHERE id = $1::uuid AND ($2::text IS NULL OR target = $2) AND NOT EXISTS (
             SELECT FROM ${pending} e WHERE e.lane = p.lane AND e.target = p.target AND e.seq < p.seq
           )
         ), wanted AS (
           UPDATE ${pending} p SET due_at = ${wantedInstant} FROM first WHERE p.seq = first.seq
         ) SELECT count(*) AS count FROM first`,
        [id, target ?? null],
      );
      const count = Number(row?.['count']);
      if (count > 0) await run(`NOTIFY ${channel}`).catch(() => undefined);
      return count;
    },

    async placeInLane(target, lane, position) {
      const inLane = (comparison: string): string =>
        `FROM ${pending} WHERE lane = $1 AND target = $2 AND seq ${comparison} $3::bigint`;
      const idsOf = (comparison: string, order: string): string =>
        `array_to_string(ARRAY(SELECT id ${inLane(comparison)} ORDER BY seq ${order} LIMIT ${String(maxNeighbours)}), ' ')`;
      const [row = {}] = await run(
        `SELECT (SELECT count(*) ${inLane('<')}) AS before, (SELECT count(*) ${inLane('>')}) AS after,
           ${idsOf('<', 'DESC')} AS previous, ${idsOf('>', 'ASC')} AS next`,
        [lane.replaceAll('\0', '\u2400'), target, position],
      );
      return {
        before: Number(row['before']),
        after: Number(row['after']),
        previous: idsIn(row['previous']),
        next: idsIn(row['next']),
      };
    },

    ...deadLetters,

    async close() {
      await close?.();
    },
  };
  return access;
}

/** Of a text with spaces between them. */
function idsIn(text: unknown): readonly string[] {
  return String(text)
    .split(' ')
    .filter((id) => id !== '');
}

/** The server's clock, in milliseconds since 1970. */
export async function serverNow(run: RunSql): Promise<number> {
  const [row] = await run(`SELECT ${msOf('clock_timestamp()')} AS now`);
  return Number(row?.['now']);
}
