import { firstPending } from '../first-pending.js';
import type { AcceptedNotification, Outbox, PendingNotification, Room, Settlement } from '../outbox.js';
import { closeConnection } from './connection.js';
import { prepareDeadLetters, type DeadStatements } from './dead-letters.js';
import { prepareReadDue } from './read-due.js';
import { countsOf, inOrder, measureOf, pendingColumns, pendingOf, toText } from './rows.js';
import { prepareSettle, removeMeasured, type Tally } from './settle.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement } from './sqlite-driver.js';
import { cannotBegin } from './sqlite-errors.js';

const keptFreePages = 256;
const pagesAtOnce = 2048;

/**
 * The outbox on an open connection: one transaction for each call. What counts it keeps in the file as well, because
 * other processes change it, and counting a million rows takes a while.
 */
export function createSqliteOutbox(database: SqliteDatabase, sync: 'full' | 'normal'): Outbox {
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
  const selectPendingById = database.prepare(`SELECT ${pendingColumns} FROM pending WHERE id = ?`);
  const deadLetters = prepareDeadLetters(database);
  const settle = prepareSettle(database);

  const selectTally = database.prepare(
    `SELECT pending, pending_bytes, dead, (SELECT accepted_at FROM pending ORDER BY position LIMIT 1) AS oldest FROM tally`,
  );
  const addToTally = database.prepare(
    `UPDATE tally SET pending = pending + ?, pending_bytes = pending_bytes + ?, dead = dead + ?, used_to = max(used_to, ?)
     RETURNING pending, pending_bytes AS bytes`,
  );
  const selectUse = database.prepare('SELECT used_from, used_to FROM tally');
  const noteUse = database.prepare(
    'UPDATE tally SET used_from = ?1, used_to = iif(pending + dead = 0, ?2, max(used_to, ?2))',
  );
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const selectVersion = database.prepare('PRAGMA data_version');
  const selectFreePages = database.prepare('PRAGMA freelist_count');
  let knownVersion = versionNow();
  let isClosed = false;

  /** Grows when another connection has changed the file: https://www.sqlite.org/pragma.html#pragma_data_version. */
  function versionNow(): number {
    return Number((selectVersion.get() as SqliteRow)['data_version']);
  }

  /** All or nothing, the tally included; nothing, and undefined, when more would be pending than there is room for. */
  function transactionWithin<Result>(room: Room | undefined, work: (change: Tally) => Result): Result | undefined {
    const change: Tally = { pending: 0, pendingBytes: 0, dead: 0, usedTo: 0 };
    try {
      begin.run();
    } catch (error) {
      throw cannotBegin(error);
    }
    try {
      const result = work(change);
      const { pending, bytes } = addToTally.get(
        change.pending,
        change.pendingBytes,
        change.dead,
        change.usedTo,
      ) as SqliteRow;
      if (room !== undefined && (Number(pending) > room.count || Number(bytes) > room.bytes)) {
        rollBack(database);
        return undefined;
      }
      commit.run();
      return result;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  function transaction<Result>(work: (change: Tally) => Result): Result {
    return transactionWithin(undefined, work) as Result;
  }

  /** Without waiting for the disk: a power cut may undo it, together with whatever came after. */
  function hurriedTransaction(work: (change: Tally) => void): void {
    if (sync === 'normal') {
      transaction(work);
      return;
    }
    database.exec('PRAGMA synchronous = NORMAL');
    try {
      transaction(work);
    } finally {
      database.exec('PRAGMA synchronous = FULL');
    }
  }

  function removeDead(statement: SqliteStatement, ...values: readonly (string | number)[]): number {
    return transaction((change) => {
      const removed = Number(statement.run(...values).changes);
      change.dead -= removed;
      return removed;
    });
  }

  function redeliver(chosen: DeadStatements, values: readonly (string | number)[], at: number): number {
    return transaction((change) => {
      const { count, bytes } = measureOf(chosen.measure.get(...values));
      chosen.revive.run(at, ...values);
      removeMeasured(chosen.remove, values, count);
      change.pending += count;
      change.pendingBytes += bytes;
      change.dead -= count;
      return count;
    });
  }

  return {
    append(notifications: readonly AcceptedNotification[], room?: Room, at?: number) {
      return transactionWithin(room, (change) => {
        change.usedTo = at ?? 0;
        const appended: PendingNotification[] = [];
        for (const notification of notifications) {
          const { id, type, lane, occurredAt, traceparent } = notification;
          const body = Buffer.from(notification.body);
          const acceptedAt = at ?? occurredAt;
          const { changes, lastInsertRowid } = insert.run(
            toText(id),
            type,
            toText(lane),
            occurredAt,
            acceptedAt,
            traceparent ?? null,
            body,
          );
          if (Number(changes) === 0) continue;
          change.pending += 1;
          change.pendingBytes += body.byteLength;
          const position = Number(lastInsertRowid);
          appended.push(firstPending(notification, { body, position, acceptedAt }));
        }
        return appended;
      });
    },

    readAfter: (after, limit) => inOrder(selectAfter.all(after, limit).map(pendingOf), after),

    nextInLane(lane, after) {
      const row = selectInLane.get(toText(lane), after);
      return row === undefined ? undefined : pendingOf(row);
    },

    readDue: prepareReadDue(database),

    settle(settlements: readonly Settlement[]) {
      // Should it be undone, they are posted once more, under the same ids.
      hurriedTransaction((change) => {
        settle(settlements, change);
      });
    },

    counts: () => countsOf(selectTally.get()),

    listDead: deadLetters.list,

    find(id) {
      const text = toText(id);
      const pending = selectPendingById.get(text);
      if (pending !== undefined) return { state: 'pending', ...pendingOf(pending) };
      return deadLetters.find(text);
    },

    redeliver: (id, at) => redeliver(deadLetters.byId, [toText(id)], at),

    redeliverOldest: (upTo, limit, at) => redeliver(deadLetters.oldest, [upTo, limit], at),

    discard: (id) => removeDead(deadLetters.byId.remove, toText(id)) > 0,

    expireDead: (before, limit) => removeDead(deadLetters.removeExpired, before, limit),

    lastUse() {
      const row = selectUse.get() as SqliteRow | undefined;
      return { from: Number(row?.['used_from'] ?? 0), to: Number(row?.['used_to'] ?? 0) };
    },

    noteUse({ from, to }) {
      noteUse.run(from, to);
    },

    generation: 0,

    hasForeignChanges() {
      const version = versionNow();
      const hasChanged = version !== knownVersion;
      knownVersion = version;
      return hasChanged;
    },

    maintain() {
      const { freelist_count: freePages } = selectFreePages.get() as SqliteRow;
      // A backlog that is gone leaves free pages behind; a bounded number at a time goes back to the disk.
      if (Number(freePages) > keptFreePages) database.exec(`PRAGMA incremental_vacuum(${String(pagesAtOnce)})`);
    },

    close() {
      if (isClosed) return;
      isClosed = true;
      closeConnection(database);
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
