import { rmSync } from 'node:fs';
import { errorDataOf } from '../core/errors.js';
import { isDamaged, isDamagedSchema } from '../outbox/sqlite/sqlite-errors.js';

/** The file of a history. Another form of its tables gets another name, so that two versions of this package may run together. */
export function historyFileOf(outboxFile: string): string {
  return `${outboxFile}-history-1`;
}

/** Removes the file, with what SQLite keeps beside it. */
export function removeHistory(file: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
}

/** Whether opening the file showed that what is in it cannot be used: that nothing less than damage makes our SQL fail there. */
export function isUnusable(error: unknown): boolean {
  return isDamaged(error) || isDamagedSchema(error);
}

/** Whether an open file has been damaged or changed since, and not only its disk become full. */
export function hasBecomeUnusable(error: unknown): boolean {
  return isDamaged(error) || (isDamagedSchema(error) && /no such|malformed/.test(errorDataOf(error).message));
}
