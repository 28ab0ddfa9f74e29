import { CRMOutboxError } from '../../core/errors.js';
import type { Outbox } from '../outbox.js';
import { isCutToNothing } from './first-page.js';
import { isRepairUnfinished } from './repair.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isDamaged, isDamagedSchema } from './sqlite-errors.js';
import { createSqliteOutbox } from './sqlite-outbox.js';

/** The part of an outbox that changes nothing. */
export type ReadableOutbox = Pick<Outbox, 'counts' | 'readAfter' | 'listDead' | 'find' | 'close'>;

const busyTimeoutMs = 5_000;

/**
 * Opens an outbox's file to look at it, beside whatever app is at work in it: nothing is changed, migrated or mended, and
 * the log of an app that was killed stays as it is. Throws `CRMOutboxError` where there is something to be mended first.
 */
export function openOutboxToRead(open: OpenSqlite, file: string): ReadableOutbox {
  // SQLite takes a file that was cut to nothing for an empty one.
  if (isRepairUnfinished(file) || isCutToNothing(file)) throw needsMending();
  const database = mendedFirst(() => open(file, { readOnly: true }));
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    // It says no by itself as well, should the file have been opened otherwise.
    database.exec('PRAGMA query_only = ON');
    const outbox = mendedFirst(() => createSqliteOutbox(database, 'normal'));
    return {
      counts: () => mendedFirst(() => outbox.counts()),
      readAfter: (after, limit) => mendedFirst(() => outbox.readAfter(after, limit)),
      listDead: (query) => mendedFirst(() => outbox.listDead(query)),
      find: (id) => mendedFirst(() => outbox.find(id)),
      // Not as an outbox closes, which tidies up its log.
      close: () => {
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function mendedFirst<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw isDamaged(error) || isDamagedSchema(error) ? needsMending(error) : error;
  }
}

function needsMending(cause?: unknown): CRMOutboxError {
  const message =
    'the outbox file is damaged or unfinished; whoever delivers it next, or the start of the app, mends it';
  return new CRMOutboxError(message, { retryable: false, cause });
}
