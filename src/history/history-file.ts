import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { CRMOutboxError, errorDataOf } from '../core/errors.js';
import { heldLocked, isBusy, isDamaged, isDamagedSchema, isReadonly } from '../outbox/sqlite/sqlite-errors.js';

/** The file of a history. Another form of its tables gets another name, so that two versions of this package may run together. */
export function historyFileOf(outboxFile: string): string {
  return `${outboxFile}-history-1`;
}

/**
 * Removes a file that cannot be used, as `error` has shown, with what SQLite keeps beside it; but none that is whole and that this
 * process may only read. Returns whether it did. This process must not have it open.
 */
export function removeHistory(file: string, error: unknown): boolean {
  if (isReadonly(error) && isForThisSqlite(file)) return false;
  removeFiles(file);
  return true;
}

/** Removes the history with what SQLite keeps beside it. */
export function removeFiles(file: string): void {
  rmSync(file, { force: true });
  removeLeftovers(file);
}

/** Removes what SQLite kept beside a file that is gone: a new one could not be used with the old one's. */
export function removeLeftovers(file: string): void {
  for (const ending of ['-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
}

/** Opening a pipe would wait for whoever writes into it, and a device never ends. */
export function refuseWhatIsNoFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new CRMOutboxError('it is no file');
}

/** Whether opening the file showed that what is in it cannot be used: that nothing less than damage makes our SQL fail there. */
export function isUnusable(error: unknown): boolean {
  return isDamaged(error) || isDamagedSchema(error);
}

/** Whether an open file has been damaged or changed since, and not only its disk become full. */
export function hasBecomeUnusable(error: unknown): boolean {
  return isDamaged(error) || (isDamagedSchema(error) && /no such|malformed/.test(errorDataOf(error).message));
}

/** The error of a call that needs the history: what is in its way, and what to do. */
export function historyError(error: unknown, file: string): CRMOutboxError {
  if (isBusy(error)) return heldLocked(`another process holds ${file} locked`, error);
  const { message } = errorDataOf(error);
  const fix =
    'let this process read and write it; or move it away: it is begun anew, with nothing paused but what a running app knows of';
  return new CRMOutboxError(`${file} cannot be used (${message}): ${fix}`, { cause: error });
}

/** https://www.sqlite.org/fileformat.html section 1.3: byte 18 has the version that a writer must know. */
function isForThisSqlite(file: string): boolean {
  const found = Buffer.alloc(1);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, found, 0, 1, 18);
  } finally {
    closeSync(descriptor);
  }
  return found[0] === 1 || found[0] === 2;
}
