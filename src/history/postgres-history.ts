import { hostname } from 'node:os';
import type { RunSql } from '../outbox/postgres/postgres-server.js';
import type { OutboxTables } from '../outbox/postgres/schema.js';
import { msOf } from '../outbox/postgres/stored-rows.js';
import {
  type ChangedPauses,
  countNames,
  goneAfterMs,
  type History,
  type KeptDelivered,
  minutesKeptMs,
  type OutboxProcess,
  type PauseChange,
} from './history.js';
import { isDifference } from './paused-by-hand.js';
import { createTimelineReading, timelineWriting } from './postgres-timelines.js';
import { readCountsByType, typeWriting } from './postgres-types.js';

export interface PostgresHistoryOptions {
  readonly run: RunSql;
  readonly tables: OutboxTables;
  /** Of this process, as in its lease. */
  readonly processId: string;
  readonly keptDelivered: KeptDelivered;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with the server's time after each report, in milliseconds since 1970. */
  readonly onReported: (serverNow: number) => void;
}

/** The history of an outbox in PostgreSQL, in tables beside it. Who leads is what the lease says. */
export function createPostgresHistory(options: PostgresHistoryOptions): History {
  const { run, tables, processId, keptDelivered: kept, now, onReported } = options;
  const { processes, minutes: minuteTable } = tables;
  const reading = createTimelineReading(run, tables);
  return {
    async report({ process: { targets, leadsSince }, minutes, types, entries, delivered }) {
      const added = { entries, delivered };
      const writing = timelineWriting({ tables, added, now: now(), kept, isDropping: leadsSince !== null, first: 13 });
      const typed = typeWriting(tables, types, 12);
      const [row] = await run(
        `WITH gone AS (DELETE FROM ${processes} WHERE seen_at < clock_timestamp() - interval '1 day'),
           old AS (DELETE FROM ${minuteTable} WHERE start_at < ${msOf('clock_timestamp()')} - $5::bigint),
           added AS (
             INSERT INTO ${minuteTable} AS m (start_at, target, ${countNames.join(', ')})
             SELECT * FROM unnest($6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
             ON CONFLICT (start_at, target) DO UPDATE SET
               ${countNames.map((name) => `${name} = m.${name} + excluded.${name}`).join(', ')}
           ), ${typed.ctes}, ${writing.ctes}
         INSERT INTO ${processes} (id, name, pid, targets) VALUES ($1::uuid, $2, $3, $4::jsonb)
         ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp(), targets = excluded.targets
         RETURNING ${msOf('seen_at')} AS server_ms`,
        [
          ...[processId, hostname(), process.pid, JSON.stringify(targets), minutesKeptMs],
          minutes.map(({ startAt }) => startAt),
          minutes.map(({ target }) => target),
          ...countNames.map((name) => minutes.map((counts) => counts[name])),
          typed.value,
          ...writing.values,
        ],
      );
      onReported(Number(row?.['server_ms']));
    },

    async record(entries) {
      const added = { entries, delivered: [] };
      const { ctes, values } = timelineWriting({ tables, added, now: now(), kept, isDropping: false, first: 1 });
      await run(`WITH ${ctes} SELECT 1`, values);
    },
    timeline: (id, from) => reading.timeline(id, from),
    changes: (from) => reading.changes(from),
    countDelivered: (filter) => reading.countDelivered(filter, now() - kept.ms),
    listDelivered: (query) => reading.listDelivered(query, now() - kept.ms),

    processes: () => readProcesses(run, tables),
    async minutes(from) {
      const rows = await run(`SELECT * FROM ${minuteTable} WHERE start_at >= $1::bigint ORDER BY start_at, target`, [
        from,
      ]);
      return rows.map((row) => ({
        startAt: Number(row['start_at']),
        target: String(row['target']),
        accepted: Number(row['accepted']),
        delivered: Number(row['delivered']),
        retried: Number(row['retried']),
        dead: Number(row['dead']),
      }));
    },

    countsByType: (from) => readCountsByType(run, tables, from),
    pauseChanges: () => readPauseChanges(run, tables),
    changePause: (change) => changePause(run, tables, change),

    async close() {
      await run(`DELETE FROM ${processes} WHERE id = $1::uuid`, [processId]);
    },
  };
}

/** The processes that were there a moment ago, in the order of their start. */
export async function readProcesses(
  run: RunSql,
  { processes, state }: Pick<OutboxTables, 'processes' | 'state'>,
): Promise<readonly OutboxProcess[]> {
  const rows = await run(
    `SELECT o.id, o.name, o.pid, ${msOf('o.started_at')} AS started_at, ${msOf('o.seen_at')} AS seen_at, o.targets,
       coalesce(s.leader = o.id AND s.leads_until > clock_timestamp(), false) AS is_leader
     FROM ${processes} o CROSS JOIN ${state} s WHERE o.seen_at > clock_timestamp() - $1 * interval '1 millisecond'
     ORDER BY o.started_at, o.id`,
    [goneAfterMs],
  );
  return rows.map((row) => ({
    id: String(row['id']),
    name: String(row['name']),
    pid: Number(row['pid']),
    startedAt: Number(row['started_at']),
    seenAt: Number(row['seen_at']),
    isLeader: row['is_leader'] === true,
    targets: row['targets'] as OutboxProcess['targets'],
  }));
}

/** The latest changes of pauses by hand, in the order in which they were made. */
export async function readPauseChanges(
  run: RunSql,
  { pauses }: Pick<OutboxTables, 'pauses'>,
): Promise<readonly PauseChange[]> {
  const rows = await run(
    `SELECT target, is_paused, changed_by, ${msOf('changed_at')} AS changed_ms FROM ${pauses} ORDER BY number, target`,
  );
  return rows.map((row) => ({
    target: row['target'] === '' ? null : String(row['target']),
    isPaused: row['is_paused'] === true,
    by: row['changed_by'] as string | null,
    at: Number(row['changed_ms']),
  }));
}

export async function changePause(
  run: RunSql,
  tables: Pick<OutboxTables, 'pauses'>,
  change: Omit<PauseChange, 'at'>,
): Promise<ChangedPauses> {
  const { pauses } = tables;
  const { target, isPaused, by } = change;
  const before = await readPauseChanges(run, tables);
  if (!isDifference(before, change)) return { before, after: before };
  await run(
    `INSERT INTO ${pauses} (target, number, is_paused, changed_by, changed_at)
     VALUES ($1, (SELECT coalesce(max(number), 0) + 1 FROM ${pauses}), $2, $3, clock_timestamp())
     ON CONFLICT (target) DO UPDATE SET number = excluded.number, is_paused = excluded.is_paused,
       changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
    [target ?? '', isPaused, by],
  );
  return { before, after: await readPauseChanges(run, tables) };
}
