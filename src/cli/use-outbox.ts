import type { Outbox } from '../outbox/outbox.js';
import { openOutboxToRead, type ReadableOutbox } from '../outbox/sqlite/read-outbox.js';
import { loadSqlite } from '../outbox/sqlite/sqlite-driver.js';
import { openOutbox } from '../post-office/open-outbox.js';
import { claimOutbox } from '../post-office/outbox-claim.js';
import type { Logger } from '../telemetry/logger.js';
import { refuseAsRoot, type OutboxPlace } from './outbox-place.js';

/** Looks into an outbox, beside whatever app is at work in it; nothing there is changed. */
export async function readOutbox<Result>(
  { file }: OutboxPlace,
  look: (outbox: ReadableOutbox) => Result | Promise<Result>,
): Promise<Result> {
  const outbox = openOutboxToRead(await loadSqlite(), file);
  try {
    return await look(outbox);
  } finally {
    outbox.close();
  }
}

/**
 * Changes an outbox as one more of the processes that share it. It does not deliver; a process that does sees the change
 * by itself.
 */
export async function changeOutbox<Result>(
  place: OutboxPlace,
  logger: Logger,
  change: (outbox: Outbox) => Result | Promise<Result>,
): Promise<Result> {
  refuseAsRoot(place.directory);
  const claim = claimOutbox(place.directory);
  try {
    const onRepaired = (error: Error): void => {
      logger.error({}, error.message);
    };
    const now = (): number => Date.now();
    const { outbox } = await openOutbox({ file: claim.file, sync: 'full', now, onRepaired, enter: undefined });
    try {
      return await change(outbox);
    } finally {
      outbox.close();
    }
  } finally {
    claim.release();
  }
}
