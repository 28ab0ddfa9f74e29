import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CRMOutboxError } from '../../core/errors.js';
import type { AcceptedNotification, Outbox, Room, Settlement } from '../outbox.js';
import { openConnection, type ConnectionOptions } from './connection.js';
import { readFileHeader } from './file-header.js';
import { identityOf, inodeOf, isSame, type FileIdentity } from './file-identity.js';
import { isCutToNothing } from './first-page.js';
import { acquireLock } from './lock-file.js';
import { makePrivateFile } from './outbox-directory.js';
import { createOverwriteWatch, type OverwriteWatch } from './overwrite-watch.js';
import { finishRepair, isRepairUnfinished, removeAside, repair, setAside, setLogAside } from './repair.js';
import { salvage, type Salvage } from './salvage.js';
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
  readonly identity: FileIdentity;
  readonly watch: OverwriteWatch;
}

const repairWaitMs = 30_000;

/**
 * The outbox in an SQLite file, which mends itself. A damaged file is set aside, what can be read of it goes into a fresh
 * one, and the call that met the damage is made again there. A file or log that was deleted or replaced while in use is made
 * anew with what the lost one held. Processes that share the file mend it one at a time; the others move over.
 *
 * Whenever that happens its generation grows: positions are others then.
 *
 * Throws `CRMConfigError` when the file was written by a newer version.
 */
export function openSqliteOutbox(options: SqliteOutboxOptions): Outbox {
  const { file, open, onRepaired, now } = options;
  let generation = 0;
  let isClosed = false;
  let inUse = openFirst();

  function use(): InUse {
    const fileBefore = inodeOf(file);
    const database = openConnection(open, options);
    const outbox = createSqliteOutbox(database, options.sync);
    // SQLite opens its log when it first reads.
    outbox.counts();
    const identity = identityOf(file);
    if (identity.file === fileBefore) {
      return { database, outbox, identity, watch: createOverwriteWatch(database, file) };
    }
    // Another process has put one in its place just now.
    database.close();
    return use();
  }

  function openFirst(): InUse {
    if (isRepairUnfinished(file)) alone(() => finishRepair(file, now()));
    try {
      return useSound();
    } catch (error) {
      if (!isDamaged(error) && !isDamagedSchema(error)) throw error;
      return alone(repairFile);
    }
  }

  function useSound(): InUse {
    if (isCutToNothing(file)) throw damaged('it is cut off');
    return use();
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
    const repaired = repair({ open, file, now: now() });
    report(`the outbox file was damaged; it is kept as ${repaired.asideName}`, repaired);
    return use();
  }

  /** A log cannot be put back beside its file; but what this connection still reads makes a whole one. */
  function replaceFile({ database: from }: InUse): InUse {
    const repaired = repair({ open, file, from, now: now() });
    if (!repaired.isIncomplete) removeAside(repaired.asideName);
    report('the log of the outbox file was deleted or replaced while in use; the file is whole again', repaired);
    return use();
  }

  /** The log is still our own, and what was copied over the file has notifications of its own, too. */
  function mergeCopy({ database: from }: InUse): InUse {
    const copy = `${file}-copied`;
    copyFileSync(file, copy);
    const repaired = repair({ open, file, from, now: now() });
    const next = use();
    const copied = open(copy);
    const merged = salvageInto(next, copied);
    copied.close();
    if (!repaired.isIncomplete && !merged.isIncomplete) removeAside(repaired.asideName);
    rmSync(copy);
    report('the outbox file was overwritten while in use; it is merged with what was written over it', {
      pending: repaired.pending + merged.pending,
      dead: repaired.dead + merged.dead,
      isIncomplete: repaired.isIncomplete || merged.isIncomplete,
    });
    return next;
  }

  /** This connection still reads and writes the file that nobody else can find any more. */
  function moveOver({ database: lost, identity }: InUse): InUse {
    const isThere = inodeOf(file) !== undefined;
    // The lost file's log is no log of whatever has come in its place; it is still written to from here.
    const asideName = setLogAside(file, identity, now());
    if (isThere && readFileHeader(file).kind === 'foreign') setAside(file, now());
    makePrivateFile(file);
    const next = useOrRepair();
    const salvaged = salvageInto(next, lost);
    if (asideName !== undefined && !salvaged.isIncomplete) removeAside(asideName);
    report('the outbox file was deleted or replaced while in use; it is in its place again', salvaged);
    return next;
  }

  function salvageInto(next: InUse, lost: SqliteDatabase): Salvage {
    try {
      return salvage(lost, next.database);
    } catch (error) {
      next.database.close();
      throw error;
    }
  }

  function useOrRepair(): InUse {
    try {
      return useSound();
    } catch (error) {
      if (!isDamaged(error) && !isDamagedSchema(error)) throw error;
      return repairFile();
    }
  }

  function report(what: string, { pending, dead, isIncomplete }: Salvage): void {
    const rest = isIncomplete ? '; the rest could not be read' : '';
    const saved = `${String(pending)} pending notifications and ${String(dead)} dead letters were saved${rest}`;
    onRepaired(new CRMOutboxError(`${what}, and ${saved}`));
  }

  function mend(byWhat: (before: InUse) => InUse = wayToMend): void {
    const before = inUse;
    mkdirSync(dirname(file), { mode: 0o700, recursive: true });
    inUse = alone(() => byWhat(before));
    generation += 1;
    before.database.close();
  }

  /** What is only in a file that nobody finds would be lost with this connection. */
  function saveBeforeClose(): void {
    const { pending, dead } = inUse.outbox.counts();
    if (pending + dead > 0) mend();
  }

  /** Looked at under the lock: another process may have mended the file while this one waited for its turn. */
  function wayToMend(before: InUse): InUse {
    if (inodeOf(file) !== before.identity.file) return moveOver(before);
    return isSame(before.identity, file) ? repairFile() : replaceFile(before);
  }

  /** Runs a call; when it meets damage, mends the file and runs it once more. */
  const guarded =
    <Args extends unknown[], Result>(call: (outbox: Outbox, ...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return call(inUse.outbox, ...args);
      } catch (error) {
        // A log that is gone may show as an error of the disk.
        if (!isDamaged(error) && isSame(inUse.identity, file)) throw error;
        mend();
        return call(inUse.outbox, ...args);
      }
    };

  const maintain = guarded((outbox) => {
    outbox.maintain();
  });

  /** A file that was made anew meanwhile may go by a clock that is further ahead. */
  const notBehind = (outbox: Outbox, at: number): number => (generation === 0 ? at : Math.max(at, outbox.lastUse().to));

  const notDeadBehind = (outbox: Outbox, settlement: Settlement): Settlement =>
    settlement.kind === 'dead' ? { ...settlement, diedAt: notBehind(outbox, settlement.diedAt) } : settlement;

  const append = guarded((outbox, notifications: readonly AcceptedNotification[], room?: Room, at?: number) =>
    outbox.append(notifications, room, at === undefined ? undefined : notBehind(outbox, at)),
  );

  return {
    append(notifications, room, at) {
      const appended = append(notifications, room, at);
      // What is accepted has to be in the file that others find, and with its log.
      if (isSame(inUse.identity, file)) return appended;
      mend();
      // They have other positions now, and are found by reading.
      return appended === undefined ? undefined : [];
    },
    readAfter: guarded((outbox, after, limit) => outbox.readAfter(after, limit)),
    nextInLane: guarded((outbox, lane, after) => outbox.nextInLane(lane, after)),
    readDue: guarded((outbox, after, until, limit) => outbox.readDue(after, until, limit)),
    settle: guarded((outbox, settlements) => {
      outbox.settle(
        generation === 0 ? settlements : settlements.map((settlement) => notDeadBehind(outbox, settlement)),
      );
    }),
    counts: guarded((outbox) => outbox.counts()),
    hasForeignChanges: guarded((outbox) => outbox.hasForeignChanges()),
    listDead: guarded((outbox, query) => outbox.listDead(query)),
    find: guarded((outbox, id) => outbox.find(id)),
    redeliver: guarded((outbox, id, at) => outbox.redeliver(id, at)),
    redeliverOldest: guarded((outbox, upTo: number, limit: number, at: number) =>
      outbox.redeliverOldest(upTo, limit, at),
    ),
    discard: guarded((outbox, id) => outbox.discard(id)),
    expireDead: guarded((outbox, before: number, limit: number) => outbox.expireDead(before, limit)),
    lastUse: guarded((outbox) => outbox.lastUse()),
    noteUse: guarded((outbox, use) => {
      outbox.noteUse(use);
    }),
    get generation() {
      return generation;
    },
    maintain() {
      if (!isSame(inUse.identity, file)) mend();
      else if (inUse.watch.isOverwritten()) mend(mergeCopy);
      else maintain();
      inUse.watch.look();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      try {
        if (!isSame(inUse.identity, file)) saveBeforeClose();
      } finally {
        inUse.outbox.close();
      }
    },
  };
}
