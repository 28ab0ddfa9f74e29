import { CRMOutboxError } from '../../core/errors.js';

/** Primary result codes, which are the low bytes of the extended ones: https://www.sqlite.org/rescode.html. */
const sqliteError = 1;
const sqliteBusy = 5;
const sqliteReadonly = 8;
const sqliteCorrupt = 11;
const sqliteConstraint = 19;
const sqliteMismatch = 20;
const sqliteNotADatabase = 26;

/** Whether another connection has locked the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === sqliteBusy;
}

/**
 * The error of a transaction that cannot begin. If another connection held the lock for as long as SQLite waits, the message
 * states that and what to do.
 */
export function cannotBegin(error: unknown): unknown {
  return isBusy(error) ? heldLocked('another process has held the outbox file locked for 5 seconds', error) : error;
}

/** The error of a file that somebody else holds locked, as `what` states, and what to do. */
export function heldLocked(what: string, error: unknown): CRMOutboxError {
  const message =
    `${what}: see which one stands still in the middle of a transaction (stopped, in a debugger, or a tool that has the ` +
    'file open), and let it go on or end it';
  return Object.assign(new CRMOutboxError(message, { cause: error }), { errcode: sqliteBusy });
}

/** Whether the contents of the file can no longer be trusted. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCode(error);
  return code === sqliteCorrupt || code === sqliteNotADatabase || isReadonly(error) || isBeyondNumbers(error);
}

/**
 * A header that asks for a newer SQLite makes a file read-only. If it is the disk that is read-only, mending fails as well,
 * before anything is moved.
 */
export function isReadonly(error: unknown): boolean {
  return (error as { errcode?: unknown } | undefined)?.errcode === sqliteReadonly;
}

/** An integer that JavaScript cannot represent: this package never wrote it. */
function isBeyondNumbers(error: unknown): boolean {
  return String((error as { message?: unknown } | undefined)?.message).includes(
    'too large to be represented as a JavaScript',
  );
}

/** Whether opening a file shows damage: our SQL is right, so if it does not fit the tables, they are damaged. */
export function isDamagedSchema(error: unknown): boolean {
  return primaryCode(error) === sqliteError;
}

/** Whether a column refused a value. */
export function isUnfit(error: unknown): boolean {
  return primaryCode(error) === sqliteConstraint || primaryCode(error) === sqliteMismatch;
}

/** Whether a wrong count or last position keeps anything from being written. */
export function isCountedWrongly(error: unknown): boolean {
  const message = String((error as { message?: unknown } | undefined)?.message);
  return /constraint failed: (tally\.|pending\.position$)/.test(message);
}

/** Copies rows from one table to another. A row that the other refuses is damaged: the same columns took it once. */
export function copyRows<Result>(copy: () => Result): Result {
  try {
    return copy();
  } catch (error) {
    throw isUnfit(error) ? damaged('it holds what its tables would not take') : error;
  }
}

/** An error for damage that SQLite itself does not detect. */
export function damaged(what: string): Error {
  return Object.assign(new Error(`the outbox file is damaged: ${what}`), { errcode: sqliteCorrupt });
}

/** On Node 20, errors of `all` have a message but no code: https://www.sqlite.org/c3ref/errcode.html. */
const codesByMessage: Readonly<Record<string, number>> = {
  'database is locked': sqliteBusy,
  'database disk image is malformed': sqliteCorrupt,
  'file is not a database': sqliteNotADatabase,
};

function primaryCode(error: unknown): number {
  const { errcode, message } = (error ?? {}) as { errcode?: unknown; message?: unknown };
  return Number(errcode ?? codesByMessage[String(message)]) & 0xff;
}
