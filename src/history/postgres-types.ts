import type { RunSql } from '../outbox/postgres/postgres-server.js';
import type { OutboxTables } from '../outbox/postgres/schema.js';
import { msOf } from '../outbox/postgres/stored-rows.js';
import { countNames, furtherTypes, maxTypes, type TypeCounts, type TypeMinute } from './history.js';
import { inTypeSteps, typeSteps } from './type-steps.js';
import { mostAcceptedFirst } from './type-table.js';

/** A part of the statement of a report. */
export interface TypeWriting {
  /** To stand in its WITH. */
  readonly ctes: string;
  /** The parameter of this number. */
  readonly value: string;
}

const key = 'step_ms, start_at, target, type';
const names = countNames.join(', ');
const sums = countNames.map((name) => `sum(${name})::bigint AS ${name}`).join(', ');
const steps = `(VALUES ${typeSteps.map(({ stepMs, reachMs }) => `(${String(stepMs)}, ${String(reachMs)})`).join(', ')})`;
const nowMs = msOf('clock_timestamp()');

/**
 * Adds to the counts of each type, and drops what is too old. Of processes that begin a step at the same moment each counts its own
 * `maxTypes`. Rows are added in one order, so that two processes cannot wait for each other.
 */
export function typeWriting(
  { types: table }: Pick<OutboxTables, 'types'>,
  types: readonly TypeMinute[],
  parameter: number,
): TypeWriting {
  const ofStep = 't.step_ms = g.step_ms AND t.start_at = g.start_at AND t.target = g.target';
  return {
    value: JSON.stringify(inTypeSteps(types)),
    ctes: `given_types AS (
       SELECT "stepMs" AS step_ms, "startAt" AS start_at, target, type, ${sums}
       FROM jsonb_to_recordset($${String(parameter)}::jsonb) AS r ("stepMs" bigint, "startAt" bigint, target text, type text,
         ${countNames.map((name) => `${name} bigint`).join(', ')}) GROUP BY "stepMs", "startAt", target, type
     ), known_types AS (
       SELECT g.*, EXISTS (SELECT FROM ${table} t WHERE ${ofStep} AND t.type = g.type) AS is_known FROM given_types g
     ), named_types AS (
       SELECT g.step_ms, g.start_at, g.target, ${names}, CASE WHEN g.is_known THEN g.type
         WHEN row_number() OVER (PARTITION BY g.step_ms, g.start_at, g.target, g.is_known ORDER BY g.accepted DESC, g.type)
           + (SELECT count(*) FROM ${table} t WHERE ${ofStep} AND t.type <> '${furtherTypes}') <= ${String(maxTypes)} THEN g.type
         ELSE '${furtherTypes}' END AS type
       FROM known_types g
     ), added_types AS (
       INSERT INTO ${table} AS t (${key}, ${names})
       SELECT ${key}, ${sums} FROM named_types GROUP BY ${key} ORDER BY ${key}
       ON CONFLICT (${key}) DO UPDATE SET ${countNames.map((name) => `${name} = t.${name} + excluded.${name}`).join(', ')}
     ), old_types AS (
       DELETE FROM ${table} t USING ${steps} AS s (step_ms, reach_ms)
       WHERE t.step_ms = s.step_ms AND t.start_at < ${nowMs} - s.reach_ms - s.step_ms
     )`,
  };
}

/** The counts of each type from an instant on; see `History`. */
export async function readCountsByType(
  run: RunSql,
  { types: table }: Pick<OutboxTables, 'types'>,
  from: number,
): Promise<readonly TypeCounts[]> {
  const rows = await run(
    `WITH step AS (
       SELECT step_ms FROM ${steps} AS s (step_ms, reach_ms)
       ORDER BY $1::bigint >= ${nowMs} - reach_ms DESC, CASE WHEN $1::bigint >= ${nowMs} - reach_ms THEN step_ms ELSE -step_ms END LIMIT 1
     )
     SELECT t.target, t.type, ${sums} FROM ${table} t, step
     WHERE t.step_ms = step.step_ms AND t.start_at >= $1::bigint - $1::bigint % step.step_ms GROUP BY t.target, t.type`,
    [Math.floor(from)],
  );
  const counts = rows.map((row) => ({
    target: String(row['target']),
    type: String(row['type']),
    accepted: Number(row['accepted']),
    delivered: Number(row['delivered']),
    retried: Number(row['retried']),
    dead: Number(row['dead']),
  }));
  return mostAcceptedFirst(counts);
}
