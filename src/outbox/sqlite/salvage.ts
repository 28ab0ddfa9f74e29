import type { SqliteDatabase, SqliteRow, SqliteValue } from './sqlite-driver.js';

const tables = {
  pending: 'position, id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body',
  dead: 'position, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body',
} as const;

export interface Salvage {
  readonly pending: number;
  readonly dead: number;
  /** Whether there was more than could be read. */
  readonly isIncomplete: boolean;
}

/**
 * Copies what can be read of a damaged outbox, or of one whose file was taken away, into a fresh one, positions included.
 * Damage has a place: rows are read from the front until it is met, and then from the back.
 */
export function salvage(from: SqliteDatabase, into: SqliteDatabase): Salvage {
  let isIncomplete = false;
  const counts = { pending: 0, dead: 0 };
  into.exec('BEGIN IMMEDIATE');
  for (const table of ['pending', 'dead'] as const) {
    const columns = tables[table];
    const insert = into.prepare(`INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`);
    const copyRow = (row: SqliteRow): void => {
      const values = columns.split(', ').map((column) => row[column] as SqliteValue);
      counts[table] += Number(insert.run(...values).changes);
    };
    const front = readRows(from, table, 'ASC', copyRow);
    if (!front.isComplete) {
      isIncomplete = true;
      readRows(from, table, 'DESC', copyRow, front.lastPosition);
    }
  }
  into.exec(
    `UPDATE tally SET pending = (SELECT count(*) FROM pending), dead = (SELECT count(*) FROM dead),
       pending_bytes = (SELECT coalesce(sum(length(body)), 0) FROM pending)`,
  );
  into.exec('COMMIT');
  return { ...counts, isIncomplete };
}

/** Reads row by row until the end, until `stopAt`, or until reading fails. */
function readRows(
  from: SqliteDatabase,
  table: keyof typeof tables,
  direction: 'ASC' | 'DESC',
  onRow: (row: SqliteRow) => void,
  stopAt = 0,
): { readonly isComplete: boolean; readonly lastPosition: number } {
  let position = direction === 'ASC' ? 0 : Number.MAX_SAFE_INTEGER;
  try {
    const isBeyond = direction === 'ASC' ? '>' : '<';
    const next = from.prepare(
      `SELECT ${tables[table]} FROM ${table} WHERE position ${isBeyond} ? ORDER BY position ${direction} LIMIT 1`,
    );
    for (;;) {
      const row = next.get(position) as SqliteRow | undefined;
      if (row === undefined || (direction === 'DESC' && Number(row['position']) <= stopAt)) break;
      onRow(row);
      position = Number(row['position']);
    }
    return { isComplete: true, lastPosition: position };
  } catch {
    return { isComplete: false, lastPosition: position };
  }
}
