import type { Settlement } from '../outbox.js';
import type { OutboxTables } from './schema.js';
import type { RunSql } from './postgres-server.js';

export interface SettleRows {
  readonly run: RunSql;
  readonly tables: OutboxTables;
  /** This process, as the lease names it. */
  readonly processId: string;
  /** The clock that the settlements' instants are of; the rows get instants of the server's. */
  readonly now: () => number;
}

/** What a settlement changes in the tables. */
interface RowChange {
  readonly id: string;
  readonly target: string;
}

interface Retry extends RowChange {
  readonly attempts: number;
  /** Until the next attempt, in milliseconds; null for at once. */
  readonly delay_ms: number | null;
}

interface Death extends RowChange {
  readonly attempts: number;
  /** How long ago, in milliseconds. */
  readonly ago_ms: number;
  readonly reason_kind: string;
  readonly reason_status: number | null;
  readonly reason_detail: string;
}

/**
 * Settles rows, all or none. A retry is only stored while this process leads: the leader after it has its own plan. A row that
 * is no longer there changes nothing. Returns how many wait now.
 */
export async function settleRows(options: SettleRows, settlements: readonly Settlement[]): Promise<number> {
  const { run, tables, processId, now } = options;
  const delivered: RowChange[] = [];
  const retries: Retry[] = [];
  const deaths: Death[] = [];
  for (const settlement of settlements) {
    const { id, target } = settlement;
    if (settlement.kind === 'delivered') delivered.push({ id, target });
    else if (settlement.kind === 'retry') {
      const { attempts, nextAttemptAt } = settlement;
      retries.push({ id, target, attempts, delay_ms: nextAttemptAt === 0 ? null : Math.max(0, nextAttemptAt - now()) });
    } else {
      const { attempts, diedAt, reason } = settlement;
      const { kind: reason_kind, status: reason_status = null, detail: reason_detail } = reason;
      deaths.push({ id, target, attempts, ago_ms: now() - diedAt, reason_kind, reason_status, reason_detail });
    }
  }
  if (retries.length + deaths.length === 0) {
    await deleteDelivered(run, tables, delivered);
    return 0;
  }
  const values = [asJson(delivered), asJson(retries), asJson(deaths), processId];
  const [row] = await run(settleStatement(tables), values, { name: 'crm_settle' });
  return Number(row?.['waiting'] ?? 0);
}

/** Moves the next attempt of all that waits by so many milliseconds, after the server's clock was set. */
export async function shiftWaits({ run, tables }: Pick<SettleRows, 'run' | 'tables'>, byMs: number): Promise<void> {
  await run(
    `UPDATE ${tables.pending} SET due_at = due_at + $1::float8 * interval '1 millisecond' WHERE due_at IS NOT NULL`,
    [byMs],
  );
}

/** By far the most common case, so it has a statement of its own: one for each target, and there is seldom more than one. */
async function deleteDelivered(run: RunSql, { pending }: OutboxTables, rows: readonly RowChange[]): Promise<void> {
  for (const target of new Set(rows.map((row) => row.target))) {
    const ids = rows.filter((row) => row.target === target).map(({ id }) => id);
    // As text, because pg would look for what to escape in each.
    const values = [target, `{${ids.join()}}`];
    await run(
      `DELETE FROM ${pending} p USING (SELECT unnest($2::uuid[]) AS id, $1::text AS target) AS s ${placed(pending)}
        WHERE p.ctid = found.place`,
      values,
      { name: 'crm_delivered' },
    );
  }
}

/**
 * Where the rows are that `s` names by id and target, as `found.place`. Ordered and cut, so that only the index on both will do: a
 * server that believes the table to be empty may take any, and pass all the dead rows. A row that another leader changes
 * meanwhile is not found, and is left to that one.
 */
function placed(pending: string): string {
  return `CROSS JOIN LATERAL (
    SELECT f.ctid AS place FROM ${pending} f WHERE f.id >= s.id AND f.id <= s.id AND f.target = s.target
     ORDER BY f.id, f.target LIMIT 1) AS found`;
}

function settleStatement({ pending, dead, state }: OutboxTables): string {
  return `
WITH delivered AS (
  DELETE FROM ${pending} p USING jsonb_to_recordset($1::jsonb) AS s (id uuid, target text) ${placed(pending)}
   WHERE p.ctid = found.place
), retried AS (
  UPDATE ${pending} p SET attempts = s.attempts, due_at = clock_timestamp() + s.delay_ms * interval '1 millisecond'
    FROM jsonb_to_recordset($2::jsonb) AS s (id uuid, target text, attempts integer, delay_ms double precision) ${placed(pending)}
   WHERE p.ctid = found.place AND EXISTS (SELECT FROM ${state} WHERE leader = $4::uuid)
  RETURNING p.due_at
), died AS (
  DELETE FROM ${pending} p USING jsonb_to_recordset($3::jsonb) AS s (
           id uuid, target text, attempts integer, ago_ms double precision, reason_kind text, reason_status integer, reason_detail text) ${placed(pending)}
   WHERE p.ctid = found.place
  RETURNING p.id, p.target, p.type, p.lane, p.occurred_at, p.traceparent, p.body, p.seq,
            s.attempts, s.ago_ms, s.reason_kind, s.reason_status, s.reason_detail
), kept AS (
INSERT INTO ${dead} (id, target, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body)
SELECT id, target, type, lane, occurred_at, clock_timestamp() - ago_ms * interval '1 millisecond',
       attempts, reason_kind, reason_status, reason_detail, traceparent, body
  FROM died ORDER BY seq
ON CONFLICT DO NOTHING
)
SELECT count(due_at) AS waiting FROM retried`;
}

/** PostgreSQL's jsonb can hold neither a NUL nor half of a surrogate pair. */
function asJson(rows: readonly object[]): string {
  return JSON.stringify(rows, (_, value: unknown) =>
    typeof value === 'string' ? Buffer.from(value.replaceAll('\0', '\u2400')).toString() : value,
  );
}

/** Those of these rows that another session has locked. */
export async function lockedRows(
  { run, tables: { pending } }: Pick<SettleRows, 'run' | 'tables'>,
  settlements: readonly Settlement[],
): Promise<ReadonlySet<string>> {
  const ids = `{${settlements.map(({ id }) => id).join()}}`;
  const free = await run(`SELECT id FROM ${pending} WHERE id = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED`, [ids]);
  const all = await run(`SELECT id FROM ${pending} WHERE id = ANY ($1::uuid[])`, [ids]);
  const freeIds = new Set(free.map((row) => row['id']));
  return new Set(all.map((row) => String(row['id'])).filter((id) => !freeIds.has(id)));
}
