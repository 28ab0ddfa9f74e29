import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CRMConfigError, CRMOutboxError } from '../../core/errors.js';
import type { Outbox } from '../outbox.js';
import { isLogBroken } from './broken-log.js';
import { openConnection, type ConnectionOptions } from './connection.js';
import {
  createOverwriteWatch,
  type FileIdentity,
  identityOf,
  inodeOf,
  isSame,
  isSameExceptLog,
  type OverwriteWatch,
} from './file-identity.js';
import { describeIntruder, isCutToNothing, isMissingOrEmpty, isNoDirectory } from './file-header.js';
import { acquireLock } from './lock-file.js';
import { createLogWatch, type LogWatch } from './log-watch.js';
import { makeOutboxDirectory, makePrivateFile } from './outbox-directory.js';
import {
  finishRepair,
  freeAsideName,
  isRepairUnfinished,
  removeAside,
  repair,
  setAside,
  setLogAside,
} from './repair.js';
import { salvage, sumOf, type Salvage } from './salvage.js';
import { createSqliteOutbox } from './sqlite-outbox.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-driver.js';
import { damaged, isDamaged, isDamagedSchema } from './sqlite-errors.js';

export interface SqliteOutboxOptions extends ConnectionOptions {
  readonly open: OpenSqlite;
  /** The file was damaged, deleted or replaced, and has been mended. */
  readonly onRepaired: (error: CRMOutboxError) => void;
  /** Goes into the name of a file that is set aside; in milliseconds since 1970. */
  readonly now: () => number;
}

/** An open connection and its files. */
export interface InUse {
  readonly database: SqliteDatabase;
  readonly outbox: Outbox;
  readonly identity: FileIdentity;
  readonly watch: OverwriteWatch;
  readonly log: LogWatch;
}

/** Opens the file of an outbox, and mends it whatever happened to it. */
export interface Mender {
  /** Opens it, damaged or not. */
  readonly open: () => InUse;
  /** Whether its files are in their place. */
  readonly isInPlace: (inUse: InUse) => boolean;
  /** Whether its files are in their place and the log is as SQLite wrote it. */
  readonly isWhole: (inUse: InUse) => boolean;
  /** A more thorough check, for once a second; see `LogWatch`. */
  readonly isNextPartWhole: (inUse: InUse) => boolean;
  /** Mends a file that is damaged, deleted or replaced, and opens the mended one. The old connection stays open. */
  readonly mend: (before: InUse) => InUse;
  /** Mends a file that was overwritten: keeps what the connection still has and what was written over its file. */
  readonly mergeOverwritten: (before: InUse) => InUse;
  /** Closes a connection that is no longer in use. */
  readonly close: (before: InUse) => void;
}

const repairWaitMs = 30_000;

export function createMender(options: SqliteOutboxOptions): Mender {
  const { file, open, onRepaired, now } = options;

  function use(): InUse {
    const fileBefore = inodeOf(file);
    const database = openConnection(open, options);
    try {
      const outbox = createSqliteOutbox(database, options.sync);
      // SQLite opens its log when it first reads.
      outbox.counts();
      const identity = identityOf(file);
      if (identity.file === fileBefore) {
        return { database, outbox, identity, watch: createOverwriteWatch(database, file), log: createLogWatch(file) };
      }
    } catch (error) {
      database.close();
      throw error;
    }
    // Another process has just replaced the file.
    database.close();
    return use();
  }

  function useUndamaged(): InUse {
    if (isCutToNothing(file)) throw damaged('it is cut off');
    return use();
  }

  function useOrElse(ifDamaged: () => InUse): InUse {
    try {
      return useUndamaged();
    } catch (error) {
      if (!isDamaged(error) && !isDamagedSchema(error)) throw error;
      return ifDamaged();
    }
  }

  /** One process at a time mends a file; the others wait. */
  function withRepairLock<Result>(work: () => Result): Result {
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

  /** A lost log cannot be restored, but this connection can still read everything, so it goes into a new file. */
  function replaceFile(from: InUse, whatHappened: string): InUse {
    const repaired = repair({ open, file, from: from.database, now: now() });
    if (!repaired.isIncomplete) removeAside(repaired.asideName);
    report(`the log of the outbox file was ${whatHappened} while in use; the file is whole again`, repaired);
    return use();
  }

  /** The log is still our own, and the file that was copied over ours has notifications of its own. */
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
    const what = 'the outbox file was overwritten while in use; it is merged with what was written over it';
    report(what, sumOf(repaired, merged));
    return next;
  }

  /** This connection still reads and writes a file that no other process can find. */
  function moveOver({ database: lost, identity }: InUse): InUse {
    // The log belongs to the lost file, not to the one in its place; this connection still writes to it.
    const asideName = setLogAside(file, identity, now());
    let intruder = setIntruderAside(describeIntruder(file));
    makePrivateFile(file);
    let next: InUse;
    try {
      next = useOrElse(repairFile);
    } catch (error) {
      if (!(error instanceof CRMConfigError)) throw error;
      // Only its log shows that it is newer.
      intruder = setIntruderAside('the outbox of a newer express-crm-notifier');
      makePrivateFile(file);
      next = use();
    }
    const salvaged = salvageInto(next, lost);
    if (asideName !== undefined && !salvaged.isIncomplete) removeAside(asideName);
    report(`the outbox file was deleted or replaced while in use; it is in its place again${intruder}`, salvaged);
    return next;
  }

  /** Sets aside what is in the way, unchanged. Returns what to report about it. */
  function setIntruderAside(what: string | undefined): string {
    return what === undefined ? '' : `; ${what} was there, and is kept as ${setAside(file, now())}`;
  }

  function salvageInto(next: InUse, lost: SqliteDatabase): Salvage {
    try {
      return salvage(lost, next.database);
    } catch (error) {
      closeInUse(next);
      throw error;
    }
  }

  function report(what: string, { pending, dead, isIncomplete }: Salvage): void {
    const rest = isIncomplete ? '; the rest could not be read' : '';
    const saved = `${String(pending)} pending notifications and ${String(dead)} dead letters were saved${rest}`;
    onRepaired(new CRMOutboxError(`${what}, and ${saved}`));
  }

  /**
   * Completes a repair whose process was killed. Call it with the lock held, so that no process is still at it. What that process
   * saved is put in place, or merged with the file that is there: the damaged one, or one that was begun meanwhile.
   */
  function resumeRepair(): void {
    if (!isRepairUnfinished(file)) return;
    if (isMissingOrEmpty(file)) return void finishRepair(file, now());
    const repaired = repair({ open, file, now: now() });
    report(
      `a repair of the outbox file was interrupted; it is complete, ${repaired.asideName} is the file before it`,
      repaired,
    );
  }

  function mendUnderLock(mendFile: (before: InUse) => InUse, before: InUse): InUse {
    const directory = dirname(file);
    // Even if it is a link to a directory: the next start would refuse that.
    if (isNoDirectory(directory)) renameSync(directory, freeAsideName(directory, now()));
    makeOutboxDirectory(directory);
    return withRepairLock(() => {
      resumeRepair();
      return mendFile(before);
    });
  }

  /** Checks the cause under the lock: another process may have mended the file while this one waited. */
  function mendByCause(before: InUse): InUse {
    if (inodeOf(file) !== before.identity.file) return moveOver(before);
    if (!isSame(before.identity, file)) return replaceFile(before, 'deleted or replaced');
    return before.log.isBrokenAnywhere() ? replaceFile(before, 'changed') : repairFile();
  }

  function repairBrokenLog(): InUse {
    return isLogBroken(file) ? repairFile() : useOrElse(repairFile);
  }

  return {
    open() {
      if (isRepairUnfinished(file)) withRepairLock(resumeRepair);
      if (isLogBroken(file)) return withRepairLock(repairBrokenLog);
      // Once it has the lock, another process may have repaired the file.
      return useOrElse(() => withRepairLock(() => useOrElse(repairFile)));
    },
    isInPlace: ({ identity }) => isSame(identity, file),
    isWhole: ({ identity, log }) => isSameExceptLog(identity, file) && log.isInPlace() && !log.isBroken(),
    isNextPartWhole: ({ log }) => !isNoDirectory(dirname(file)) && !log.isNextPartBroken(),
    mend: (before) => mendUnderLock(mendByCause, before),
    mergeOverwritten: (before) => mendUnderLock(mergeCopy, before),
    close: closeInUse,
  };
}

function closeInUse({ log, database }: InUse): void {
  log.close();
  database.close();
}
