import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { CRMOutboxError } from '../../core/errors.js';
import type { AcceptedNotification, Outbox, Room } from '../outbox.js';
import { openConnection, type ConnectionOptions } from './connection.js';
import { readFileHeader } from './file-header.js';
import { acquireLock, inodeOf } from './lock-file.js';
import { isCutToNothing } from './first-page.js';
import { makePrivateFile } from './outbox-directory.js';
import { finishRepair, isRepairUnfinished, repair, setAside, setLogAside } from './repair.js';
import { salvage, leavePositionsFree, type Salvage } from './salvage.js';
import { createSqliteOutbox } from './sqlite-outbox.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';
import { damaged, isDamaged, isDamagedSchema } from './sqlite-errors.js';

export interface SqliteOutboxOptions extends ConnectionOptions {
  readonly open: OpenSqlite;
  /** The file was damaged, deleted or replaced, and has been mended. */
  readonly onRepaired: (error: CRMOutboxError) => void;
  /** For the name of a file that is set aside, in milliseconds since 1970. */
  readonly now: () => number;
}

interface InUse {
  readonly database: SqliteDatabase;
  readonly outbox: Outbox;
  readonly inode: number | undefined;
  /** Of its log. */
  readonly logInode: number | undefined;
}

const repairWaitMs = 30_000;

/**
 * The outbox in an SQLite file, which mends itself. A damaged file is set aside, what can be read of it goes into a fresh
 * one, and the call that met the damage is made again there. A file that was deleted or replaced while in use is made anew
 * with what the lost one held. Processes that share the file mend it one at a time; the others move over.
 *
 * Throws `CRMConfigError` when the file was written by a newer version.
 */
export function openSqliteOutbox(options: SqliteOutboxOptions): Outbox {
  const { file, open, onRepaired, now } = options;
  let lastPosition = 0;
  let inUse = openFirst();

  function use(): InUse {
    const database = openConnection(open, options);
    const outbox = createSqliteOutbox(database, options.sync);
    return { database, outbox, inode: inodeOf(file), logInode: inodeOf(`${file}-wal`) };
  }

  function openFirst(): InUse {
    if (isRepairUnfinished(file)) alone(() => finishRepair(file, now()));
    try {
      if (isCutToNothing(file)) throw damaged('it is cut off');
      return use();
    } catch (error) {
      if (!isDamaged(error) && !isDamagedSchema(error)) throw error;
      return alone(repairFile);
    }
  }

  function alone<Result>(work: () => Result): Result {
    const lock = acquireLock(open, `${file}-repair`, repairWaitMs);
    if (lock === undefined) throw new CRMOutboxError('another process has been mending the outbox file for too long');
    try {
      return work();
    } finally {
      lock.release();
    }
  }

  function repairFile(): InUse {
    const repaired = repair({ open, file, now: now(), lastPosition });
    report(`the outbox file was damaged; it is kept as ${repaired.asideName}`, repaired);
    return use();
  }

  /** This connection still reads and writes the file that nobody else can find any more. */
  function moveOver({ database: lost, logInode }: InUse): InUse {
    const isThere = inodeOf(file) !== undefined;
    // The lost file's log is no log of whatever has come in its place; it is still written to from here.
    if (logInode !== undefined && inodeOf(`${file}-wal`) === logInode) setLogAside(file, now());
    if (isThere && readFileHeader(file).kind === 'foreign') setAside(file, now());
    makePrivateFile(file);
    const next = use();
    const salvaged = salvage(lost, next.database);
    if (!isThere) leavePositionsFree(next.database, lastPosition);
    report('the outbox file was deleted or replaced while in use; it is in its place again', salvaged);
    return next;
  }

  function report(what: string, { pending, dead, isIncomplete }: Salvage): void {
    const rest = isIncomplete ? '; the rest could not be read' : '';
    const saved = `${String(pending)} pending notifications and ${String(dead)} dead letters were saved${rest}`;
    onRepaired(new CRMOutboxError(`${what}, and ${saved}`));
  }

  function mend(): void {
    const before = inUse;
    mkdirSync(dirname(file), { mode: 0o700, recursive: true });
    // Another process may have mended it while this one waited for its turn.
    inUse = alone(() => (inodeOf(file) === before.inode ? repairFile() : moveOver(before)));
    before.database.close();
  }

  /** Runs a call; when it meets damage, mends the file and runs it once more. */
  const guarded =
    <Args extends unknown[], Result>(call: (outbox: Outbox, ...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return call(inUse.outbox, ...args);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        mend();
        return call(inUse.outbox, ...args);
      }
    };

  const maintain = guarded((outbox) => {
    outbox.maintain();
  });

  const append = guarded((outbox, notifications: readonly AcceptedNotification[], room?: Room) =>
    outbox.append(notifications, room),
  );

  return {
    append(notifications, room) {
      const appended = append(notifications, room);
      lastPosition = Math.max(lastPosition, appended?.at(-1)?.position ?? 0);
      // Meanwhile another process may have mended the file; what is accepted has to be in the one that others find.
      if (inodeOf(file) === inUse.inode) return appended;
      mend();
      // They have other positions now, and are found by reading.
      return appended === undefined ? undefined : [];
    },
    readAfter: guarded((outbox, after, limit) => {
      const page = outbox.readAfter(after, limit);
      lastPosition = Math.max(lastPosition, page.at(-1)?.position ?? 0);
      return page;
    }),
    nextInLane: guarded((outbox, lane, after) => outbox.nextInLane(lane, after)),
    readDue: guarded((outbox, after, until, limit) => outbox.readDue(after, until, limit)),
    settle: guarded((outbox, settlements) => {
      outbox.settle(settlements);
    }),
    counts: guarded((outbox) => outbox.counts()),
    hasForeignChanges: guarded((outbox) => outbox.hasForeignChanges()),
    listDead: guarded((outbox, query) => outbox.listDead(query)),
    find: guarded((outbox, id) => outbox.find(id)),
    redeliver: guarded((outbox, id, at) => outbox.redeliver(id, at)),
    discard: guarded((outbox, id) => outbox.discard(id)),
    expireDead: guarded((outbox, before) => outbox.expireDead(before)),
    maintain() {
      if (inodeOf(file) === inUse.inode) maintain();
      else mend();
    },
    close() {
      inUse.outbox.close();
    },
  };
}
