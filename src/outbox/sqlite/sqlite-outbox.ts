import { CRMConfigError } from '../../core/errors.js';
import type {
  AcceptedNotification,
  DeadLetter,
  DeadReason,
  Outbox,
  OutboxCounts,
  PendingNotification,
  Settlement,
} from '../outbox.js';
import { migrate } from './schema.js';
import { loadSqlite, type SqliteDatabase, type SqliteRow } from './sqlite-driver.js';

export interface SqliteOutboxOptions {
  /** The file, as `prepareOutboxDirectory` made it. */
  readonly file: string;
  readonly sync: 'full' | 'normal';
}

/**
 * The outbox in an SQLite file: a write-ahead log, so that readers and the writer do not wait for each other, and one
 * transaction for each call. Rejects with `CRMConfigError` when there is no SQLite, the file is in use by another
 * process or was written by a newer version.
 */
export async function openSqliteOutbox({ file, sync }: SqliteOutboxOptions): Promise<Outbox> {
  const open = await loadSqlite();
  const database = open(file);
  try {
    prepareDatabase(database, sync);
  } catch (error) {
    database.close();
    throw isBusy(error) ? inUse(error) : error;
  }
  return createOutbox(database);
}

function prepareDatabase(database: SqliteDatabase, sync: 'full' | 'normal'): void {
  // One process at a time: another that opens the file meanwhile is refused instead of delivering the same twice.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  // What is delivered is personal data that has done its duty: overwritten, not only unlinked.
  database.exec('PRAGMA secure_delete = ON');
  // The tables come first: in the older journal mode they reach the file itself, so that its header says whose it is.
  migrate(database);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`);
  // On macOS only this makes "on disk" true; elsewhere it does nothing.
  if (sync === 'full') database.exec('PRAGMA fullfsync = ON');
}

const pendingColumns =
  'position, id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body';

function createOutbox(database: SqliteDatabase): Outbox {
  const insert = database.prepare(
    `INSERT INTO pending (id, type, lane, occurred_at, accepted_at, traceparent, body)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM dead WHERE id = ?1)
     ON CONFLICT (id) DO NOTHING`,
  );
  const selectAfter = database.prepare(
    `SELECT ${pendingColumns} FROM pending WHERE position > ? ORDER BY position LIMIT ?`,
  );
  const selectInLane = database.prepare(
    `SELECT ${pendingColumns} FROM pending WHERE lane = ? AND position > ? ORDER BY position LIMIT 1`,
  );
  const selectSize = database.prepare('SELECT length(body) AS size FROM pending WHERE position = ?');
  const remove = database.prepare('DELETE FROM pending WHERE position = ?');
  const postpone = database.prepare('UPDATE pending SET attempts = ?, next_attempt_at = ? WHERE position = ?');
  const bury = database.prepare(
    `INSERT INTO dead (id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body)
     SELECT id, type, lane, occurred_at, ?, ?, ?, ?, ?, traceparent, body FROM pending WHERE position = ?`,
  );
  const selectOldest = database.prepare('SELECT accepted_at FROM pending ORDER BY position LIMIT 1');
  const selectDead = database.prepare(
    `SELECT position, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail
     FROM dead WHERE position < ? ORDER BY position DESC LIMIT ?`,
  );
  const revive = database.prepare(
    `INSERT INTO pending (id, type, lane, occurred_at, accepted_at, traceparent, body)
     SELECT id, type, lane, occurred_at, ?1, traceparent, body FROM dead WHERE ?2 IS NULL OR id = ?2 ORDER BY position`,
  );
  const removeDead = database.prepare('DELETE FROM dead WHERE ?1 IS NULL OR id = ?1');
  const expire = database.prepare('DELETE FROM dead WHERE died_at < ?');
  const countPending = database.prepare(
    'SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM pending',
  );
  const countDead = database.prepare('SELECT count(*) AS count FROM dead');

  // Counting a million rows takes a while, so it is done once and then kept up.
  let tally = readTally();
  let isClosed = false;

  function readTally(): { pending: number; pendingBytes: number; dead: number } {
    const { count, bytes } = countPending.get() as SqliteRow;
    const dead = (countDead.get() as SqliteRow)['count'];
    return { pending: Number(count), pendingBytes: Number(bytes), dead: Number(dead) };
  }

  /** All or nothing, the tally included. */
  function transaction<Result>(
    work: (tally: { pending: number; pendingBytes: number; dead: number }) => Result,
  ): Result {
    const next = { ...tally };
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work(next);
      database.exec('COMMIT');
      tally = next;
      return result;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  return {
    append(notifications: readonly AcceptedNotification[]) {
      transaction((next) => {
        for (const { id, type, lane, occurredAt, traceparent, body } of notifications) {
          const { changes } = insert.run(id, type, lane, occurredAt, occurredAt, traceparent ?? null, body);
          if (Number(changes) === 0) continue;
          next.pending += 1;
          next.pendingBytes += body.byteLength;
        }
      });
    },

    readAfter: (after, limit) => selectAfter.all(after, limit).map(pendingOf),

    nextInLane(lane, after) {
      const row = selectInLane.get(lane, after);
      return row === undefined ? undefined : pendingOf(row);
    },

    settle(settlements: readonly Settlement[]) {
      transaction((next) => {
        for (const settlement of settlements) {
          const { position } = settlement;
          if (settlement.kind === 'retry') {
            postpone.run(settlement.attempts, settlement.nextAttemptAt, position);
            continue;
          }
          const row = selectSize.get(position) as SqliteRow | undefined;
          if (row === undefined) continue;
          if (settlement.kind === 'dead') {
            const { kind, status, detail } = settlement.reason;
            bury.run(settlement.diedAt, settlement.attempts, kind, status ?? null, detail, position);
            next.dead += 1;
          }
          remove.run(position);
          next.pending -= 1;
          next.pendingBytes -= Number(row['size']);
        }
      });
    },

    counts(): OutboxCounts {
      const oldest = selectOldest.get() as SqliteRow | undefined;
      return { ...tally, oldestAcceptedAt: oldest === undefined ? undefined : Number(oldest['accepted_at']) };
    },

    listDead: ({ limit, before = Number.MAX_SAFE_INTEGER }) => selectDead.all(before, limit).map(deadOf),

    redeliver(id, at) {
      const which = id === 'all' ? null : id;
      const count = transaction(() => {
        const { changes } = revive.run(at, which);
        removeDead.run(which);
        return Number(changes);
      });
      tally = readTally();
      return count;
    },

    discard: (id) =>
      transaction((next) => {
        const removed = Number(removeDead.run(id).changes);
        next.dead -= removed;
        return removed > 0;
      }),

    expireDead: (before) =>
      transaction((next) => {
        const removed = Number(expire.run(before).changes);
        next.dead -= removed;
        return removed;
      }),

    close() {
      if (isClosed) return;
      isClosed = true;
      database.close();
    },
  };
}

function pendingOf(row: unknown): PendingNotification {
  const columns = row as Record<string, unknown>;
  return {
    position: columns['position'] as number,
    id: columns['id'] as string,
    type: columns['type'] as string,
    lane: columns['lane'] as string,
    occurredAt: columns['occurred_at'] as number,
    acceptedAt: columns['accepted_at'] as number,
    attempts: columns['attempts'] as number,
    nextAttemptAt: columns['next_attempt_at'] as number,
    traceparent: (columns['traceparent'] as string | null) ?? undefined,
    body: columns['body'] as Uint8Array,
  };
}

function deadOf(row: unknown): DeadLetter {
  const columns = row as Record<string, unknown>;
  return {
    position: columns['position'] as number,
    id: columns['id'] as string,
    type: columns['type'] as string,
    lane: columns['lane'] as string,
    occurredAt: columns['occurred_at'] as number,
    diedAt: columns['died_at'] as number,
    attempts: columns['attempts'] as number,
    reason: {
      kind: columns['reason_kind'] as DeadReason['kind'],
      status: (columns['reason_status'] as number | null) ?? undefined,
      detail: columns['reason_detail'] as string,
    },
  };
}

/** After a full disk SQLite may have rolled back by itself; a second time is an error that says nothing new. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // The first error is the one that matters.
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message);
}

function inUse(cause: unknown): CRMConfigError {
  const message = 'is in use by another process; give each process a directory of its own';
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
