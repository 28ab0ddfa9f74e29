/** Result codes, in whatever extended form: https://www.sqlite.org/rescode.html. */
const sqliteBusy = 5;
const sqliteCorrupt = 11;
const sqliteConstraint = 19;
const sqliteMismatch = 20;
const sqliteNotADatabase = 26;

/** Another connection is at work in the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === sqliteBusy;
}

/** What is in the file cannot be trusted any more. */
export function isDamaged(error: unknown): boolean {
  return primaryCode(error) === sqliteCorrupt || primaryCode(error) === sqliteNotADatabase;
}

/** A value that its column does not take. */
export function isUnfit(error: unknown): boolean {
  return primaryCode(error) === sqliteConstraint || primaryCode(error) === sqliteMismatch;
}

/** An error for damage that SQLite itself does not see. */
export function damaged(what: string): Error {
  return Object.assign(new Error(`the outbox file is damaged: ${what}`), { errcode: sqliteCorrupt });
}

function primaryCode(error: unknown): number {
  return Number((error as { errcode?: unknown } | undefined)?.errcode) & 0xff;
}
