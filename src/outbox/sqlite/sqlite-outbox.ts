import {
  type AcceptedNotification,
  firstPending,
  type Outbox,
  type PendingNotification,
  type Room,
} from '../outbox.js';
import { closeConnection } from './connection.js';
import { rollBack } from './roll-back.js';
import { prepareDeadLetters } from './dead-letters.js';
import { preparePendingList } from './pending-list.js';
import { preparePendingRows } from './pending-rows.js';
import { toText } from './rows.js';
import { prepareSettle } from './settle.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';
import { cannotBegin, damaged, isCountedWrongly } from './sqlite-errors.js';
import { prepareTally, type Added, type Reserved } from './tally.js';

const keptFreePages = 256;
const pagesAtOnce = 2048;

/** The part of a batch that is for one target. */
interface Share extends Added {
  reserved: Reserved | undefined;
  /** How many of them were inserted. */
  inserted: number;
}

/** The outbox on an open connection; each call is one transaction. */
export function createSqliteOutbox(database: SqliteDatabase, sync: 'full' | 'normal'): Outbox {
  const tally = prepareTally(database);
  const pendingRows = preparePendingRows(database, tally);
  const pendingList = preparePendingList(database, tally);
  const deadLetters = prepareDeadLetters(database, tally);
  const settle = prepareSettle(database, tally);
  const insert = database.prepare(
    `INSERT INTO pending (position, target, id, type, lane, occurred_at, accepted_at, traceparent, body)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM dead WHERE id = ?3 AND target = ?2)
     ON CONFLICT (id, target) DO NOTHING`,
  );
  const selectUse = database.prepare('SELECT max(used_from) AS used_from, max(used_to) AS used_to FROM tally');
  const noteUse = database.prepare(
    `UPDATE tally SET used_from = ?1,
       used_to = iif((SELECT sum(pending + dead) FROM tally) = 0, ?2, max(used_to, ?2))`,
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

  /** Commits all of the work or none of it; none, too, when `work` returns undefined. */
  function transaction<Result>(work: () => Result): Result {
    try {
      begin.run();
    } catch (error) {
      throw cannotBegin(error);
    }
    try {
      const result = work();
      if (result === undefined) undo();
      else commit.run();
      return result;
    } catch (error) {
      undo();
      throw isCountedWrongly(error) ? damaged('it is counted wrongly') : error;
    }
  }

  function undo(): void {
    tally.onRollback();
    rollBack(database);
  }

  /** Does not wait for the disk: a power cut may undo it, with everything after it. */
  function transactionWithoutSync(work: () => true): void {
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

  function hasRoom({ count, bytes }: Room): boolean {
    const { pending, pendingBytes } = tally.total();
    return pending <= count && pendingBytes <= bytes;
  }

  /** Reserves positions for a batch, inserts its new entries, and releases the positions that remain. */
  function insertBatch(
    batch: readonly AcceptedNotification[],
    bodies: readonly Buffer[],
    at: number | undefined,
  ): PendingNotification[] {
    const shares = sharesOf(batch, bodies);
    for (const [target, share] of shares) share.reserved = tally.reserve(target, share, at);
    const appended: PendingNotification[] = [];
    batch.forEach((notification, index) => {
      const share = shares.get(notification.target);
      const body = bodies[index];
      if (share?.reserved === undefined || body === undefined) return;
      const { target, after } = share.reserved;
      const position = after + share.inserted + 1;
      const { id, type, lane, occurredAt, traceparent } = notification;
      const acceptedAt = at ?? occurredAt;
      const { changes } = insert.run(
        target.base + position,
        target.text,
        toText(id),
        type,
        toText(lane),
        occurredAt,
        acceptedAt,
        traceparent ?? null,
        body,
      );
      if (Number(changes) === 0) return;
      share.inserted += 1;
      share.bytes -= body.byteLength;
      appended.push(firstPending(notification, { body, position, acceptedAt }));
    });
    for (const { reserved, count, inserted, bytes } of shares.values()) {
      if (reserved !== undefined && inserted < count)
        tally.release(reserved.target, { count: count - inserted, bytes });
    }
    return appended;
  }

  return {
    append(batch, room, at) {
      const bodies = batch.map(({ body }) => Buffer.from(body));
      return transaction(() => {
        const appended = insertBatch(batch, bodies, at);
        return room === undefined || hasRoom(room) ? appended : undefined;
      });
    },

    readAfter: pendingRows.readAfter,
    nextInLane: pendingRows.nextInLane,
    readDue: pendingRows.readDue,

    settle(settlements) {
      // If a power cut undoes it, they are posted again, with the same ids.
      transactionWithoutSync(() => {
        settle(settlements);
        return true;
      });
    },

    counts: tally.counts,
    targets: tally.names,
    ...pendingList,
    listDead: deadLetters.list,
    searchDead: deadLetters.search,
    groupOldest: deadLetters.groupInRange,
    find: (id, target) => [...pendingRows.find(id, target), ...deadLetters.find(id, target)],

    placeInLane: pendingRows.placeInLane,
    tryNow: (id, target) => transaction(() => pendingRows.tryNow(id, target)),

    redeliver: (id, at, target) => transaction(() => deadLetters.redeliver(deadLetters.withId(id, target), at)),
    redeliverOldest: (range, at) =>
      transaction(() => deadLetters.changeInRange(range, (chosen) => deadLetters.redeliver(chosen, at))),
    discard: (id, target) => transaction(() => deadLetters.remove(deadLetters.withId(id, target))),
    discardOldest: (range) => transaction(() => deadLetters.changeInRange(range, deadLetters.remove)),
    expireDead: (before, limit) => transaction(() => deadLetters.remove(deadLetters.expired(before, limit))),

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
      // A backlog that was delivered leaves free pages; a bounded number at a time is returned to the disk.
      if (Number(freePages) > keptFreePages) database.exec(`PRAGMA incremental_vacuum(${String(pagesAtOnce)})`);
    },

    close() {
      if (isClosed) return;
      isClosed = true;
      closeConnection(database);
    },
  };
}

function sharesOf(batch: readonly AcceptedNotification[], bodies: readonly Buffer[]): Map<string, Share> {
  const shares = new Map<string, Share>();
  batch.forEach(({ target }, index) => {
    const bytes = bodies[index]?.byteLength ?? 0;
    const share = shares.get(target);
    if (share === undefined) shares.set(target, { count: 1, bytes, reserved: undefined, inserted: 0 });
    else {
      share.count += 1;
      share.bytes += bytes;
    }
  });
  return shares;
}
