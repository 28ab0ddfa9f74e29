import { CRMOutboxError } from '../../core/errors.js';
import type { Outbox } from '../outbox.js';
import { isCutToNothing } from './file-header.js';
import { isRepairUnfinished } from './repair.js';
import { isOlderSchema } from './schema.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isDamaged, isDamagedSchema } from './sqlite-errors.js';
import { createSqliteOutbox } from './sqlite-outbox.js';

/** The part of an outbox that changes nothing. */
export type ReadableOutbox = Pick<Outbox, 'counts' | 'targets' | 'readAfter' | 'listDead' | 'find' | 'close'>;

const busyTimeoutMs = 5_000;

/**
 * Opens the file of an outbox to look at it while apps may be using it: nothing is changed, migrated or mended, and the log of an
 * app that was killed stays as it is. Throws `CRMOutboxError` when it has to be mended or migrated first.
 */
export function openOutboxToRead(open: OpenSqlite, file: string): ReadableOutbox {
  // SQLite takes a file that was cut to nothing for an empty one.
  if (isRepairUnfinished(file) || isCutToNothing(file)) throw needsMending();
  const database = mendedFirst(() => open(file, { readOnly: true }));
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    // A second guard, should the driver ignore the option.
    database.exec('PRAGMA query_only = ON');
    if (mendedFirst(() => isOlderSchema(database))) throw needsMigration();
    const outbox = mendedFirst(() => createSqliteOutbox(database, 'normal'));
    return {
      counts: (target) => mendedFirst(() => outbox.counts(target)),
      targets: () => mendedFirst(() => outbox.targets()),
      readAfter: (target, after, limit) => mendedFirst(() => outbox.readAfter(target, after, limit)),
      listDead: (query) => mendedFirst(() => outbox.listDead(query)),
      find: (id, target) => mendedFirst(() => outbox.find(id, target)),
      // Not as an outbox closes: that tidies up its log.
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

function needsMigration(): CRMOutboxError {
  const message =
    'the outbox file was written by an earlier version; the next start of the app, or of crm-notifier deliver, migrates it';
  return new CRMOutboxError(message, { retryable: false });
}

function needsMending(cause?: unknown): CRMOutboxError {
  const message =
    'the outbox file is damaged or unfinished; whoever delivers it next, or the start of the app, mends it';
  return new CRMOutboxError(message, { retryable: false, cause });
}
