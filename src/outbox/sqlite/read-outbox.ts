import { CRMOutboxError } from '../../core/errors.js';
import type { OutboxToRead } from '../local-access.js';
import { isCutToNothing } from './file-header.js';
import { prepareIdsLike, type IdsLike } from './ids-like.js';
import { isRepairUnfinished } from './repair.js';
import { isOlderSchema } from './schema.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isDamaged, isDamagedSchema } from './sqlite-errors.js';
import { createSqliteOutbox } from './sqlite-outbox.js';

/** The read-only part of an outbox. */
export interface ReadableOutbox extends OutboxToRead {
  readonly idsLike: IdsLike;
}

const busyTimeoutMs = 5_000;

/**
 * Opens the file of an outbox for reading while apps may be using it: nothing is changed, migrated or mended, and the log of an
 * app that was killed stays as it is. Throws `CRMOutboxError` when the file must be mended or migrated first.
 */
export function openOutboxToRead(open: OpenSqlite, file: string): ReadableOutbox {
  // SQLite would take a file that was cut to nothing for an empty one.
  if (isRepairUnfinished(file) || isCutToNothing(file)) throw needsMending();
  const database = orNeedsMending(() => open(file, { readOnly: true }));
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    // A second guard, in case the driver ignores the option.
    database.exec('PRAGMA query_only = ON');
    if (orNeedsMending(() => isOlderSchema(database))) throw needsMigration();
    const outbox = orNeedsMending(() => createSqliteOutbox(database, 'normal'));
    const idsLike = orNeedsMending(() => prepareIdsLike(database, ['pending', 'dead']));
    return {
      counts: (target) => orNeedsMending(() => outbox.counts(target)),
      targets: () => orNeedsMending(() => outbox.targets()),
      readAfter: (target, after, limit) => orNeedsMending(() => outbox.readAfter(target, after, limit)),
      searchPending: (range, most) => orNeedsMending(() => outbox.searchPending(range, most)),
      countPending: (range) => orNeedsMending(() => outbox.countPending(range)),
      listDead: (query) => orNeedsMending(() => outbox.listDead(query)),
      searchDead: (range, most) => orNeedsMending(() => outbox.searchDead(range, most)),
      groupOldest: (range) => orNeedsMending(() => outbox.groupOldest(range)),
      find: (id, target) => orNeedsMending(() => outbox.find(id, target)),
      placeInLane: (target, lane, position) => orNeedsMending(() => outbox.placeInLane(target, lane, position)),
      idsLike: (part, limit) => orNeedsMending(() => idsLike(part, limit)),
      // Not `outbox.close()`, which would remove the log.
      close: () => {
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function orNeedsMending<Result>(call: () => Result): Result {
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
