import { CRMOutboxError } from '../../core/errors.js';

/** Result codes, in whatever extended form: https://www.sqlite.org/rescode.html. */
const sqliteError = 1;
const sqliteBusy = 5;
const sqliteReadonly = 8;
const sqliteCorrupt = 11;
const sqliteConstraint = 19;
const sqliteMismatch = 20;
const sqliteNotADatabase = 26;

/** Another connection is at work in the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === sqliteBusy;
}

/**
 * The error of a transaction that cannot begin: when the lock was not to be had for as long as SQLite waits, it says so and
 * what to do.
 */
export function cannotBegin(error: unknown): unknown {
  if (!isBusy(error)) return error;
  const message =
    'another process has held the outbox file locked for 5 seconds: see which one stands still in the middle of a ' +
    'transaction (stopped, in a debugger, or a tool that has the file open), and let it go on or end it';
  return Object.assign(new CRMOutboxError(message, { cause: error }), { errcode: sqliteBusy });
}

/** What is in the file cannot be trusted any more. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCode(error);
  return code === sqliteCorrupt || code === sqliteNotADatabase || isMadeReadonly(error) || isBeyondNumbers(error);
}

/**
 * A header that asks for a newer SQLite makes a file read-only. Should it be the disk that is, mending fails as well, before
 * anything is moved.
 */
function isMadeReadonly(error: unknown): boolean {
  return (error as { errcode?: unknown } | undefined)?.errcode === sqliteReadonly;
}

/** A whole number that JavaScript does not have: nobody has written it. */
function isBeyondNumbers(error: unknown): boolean {
  return String((error as { message?: unknown } | undefined)?.message).includes(
    'too large to be represented as a JavaScript',
  );
}

/** Damage that shows when a file is opened: our SQL is right, so if it does not fit the tables, they are not. */
export function isDamagedSchema(error: unknown): boolean {
  return primaryCode(error) === sqliteError;
}

/** A value that its column does not take. */
export function isUnfit(error: unknown): boolean {
  return primaryCode(error) === sqliteConstraint || primaryCode(error) === sqliteMismatch;
}

/** A count or a last position that lets nothing be written any more. */
export function isCountedWrongly(error: unknown): boolean {
  const message = String((error as { message?: unknown } | undefined)?.message);
  return /constraint failed: (tally\.|pending\.position$)/.test(message);
}

/** Copies rows from one table to another. What the other does not take is damage: the same columns took it once. */
export function copyRows<Result>(copy: () => Result): Result {
  try {
    return copy();
  } catch (error) {
    throw isUnfit(error) ? damaged('it holds what its tables would not take') : error;
  }
}

/** An error for damage that SQLite itself does not see. */
export function damaged(what: string): Error {
  return Object.assign(new Error(`the outbox file is damaged: ${what}`), { errcode: sqliteCorrupt });
}

/** What `all` of the stand-in package throws has a message and no number: https://www.sqlite.org/c3ref/errcode.html. */
const codesByMessage: Readonly<Record<string, number>> = {
  'database is locked': sqliteBusy,
  'database disk image is malformed': sqliteCorrupt,
  'file is not a database': sqliteNotADatabase,
};

function primaryCode(error: unknown): number {
  const { errcode, message } = (error ?? {}) as { errcode?: unknown; message?: unknown };
  return Number(errcode ?? codesByMessage[String(message)]) & 0xff;
}
