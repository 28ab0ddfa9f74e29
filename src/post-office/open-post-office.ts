import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetConfig } from '../client/target-settings.js';
import { systemClock, type Clock } from '../core/clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { DeliveryConfig } from '../delivery/delivery-settings.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';
import { loadSqlite } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { createInlineHost } from './inline-host.js';
import { claimOutbox } from './outbox-claim.js';
import type { PostOffice, PostOfficeSettings } from './post-office.js';
import { gatherOnDiskMs } from './leading-delivery.js';
import { createThreadHost } from './thread-host.js';

export interface PostOfficeOptions {
  readonly target: TargetConfig;
  readonly outbox: OutboxConfig;
  readonly delivery: DeliveryConfig;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/**
 * Opens the post office in a thread of its own or, if that is not wanted or not possible, in this thread. Throws
 * `CRMConfigError` at once when the outbox's path cannot be used, another notifier of this process has it, or there is no SQLite.
 */
export function openPostOffice(options: PostOfficeOptions): PostOffice {
  const { outbox, delivery, clock, logger, onEvent } = options;
  const { authToken, dispatcher, ...target } = options.target;
  const isOnDisk = outbox.path !== ':memory:';
  // The thread loads it for itself; here it only must not be missing.
  if (isOnDisk) loadSqlite();
  const claim = isOnDisk ? claimOutbox(outbox.path) : undefined;
  if (claim?.exposure !== undefined) logger.warn({}, `CRM outbox: ${claim.exposure}`);
  const settings: PostOfficeSettings = { target, outbox, delivery, file: claim?.file };
  const onClosed = (): void => {
    claim?.release();
  };
  // Notifications in memory would be lost with the thread, and functions cannot be sent to it.
  const canCross = claim !== undefined && dispatcher === undefined && clock === systemClock;
  if (outbox.thread && canCross) {
    const threadFile = findThreadFile();
    if (threadFile !== undefined) {
      return createThreadHost({ settings, authToken, clock, logger, onEvent, onClosed, threadFile });
    }
    logger.warn(
      {},
      'CRM outbox and delivery run in the app’s own thread, because their file was not found beside this one. Leave ' +
        'express-crm-notifier out of your bundle (as an external package), or set thread: false',
    );
  }
  // In memory, transactions are not worth a wait, and a custom clock is not advanced for them.
  const gatherMs = claim === undefined || clock !== systemClock ? 0 : gatherOnDiskMs;
  return createInlineHost({ settings, authToken, dispatcher, clock, logger, gatherMs, onEvent, onClosed });
}

/** Beside this file, unless a bundler has moved this code, perhaps into an ES module, which has no `__dirname`. */
function findThreadFile(): string | undefined {
  if (typeof __dirname !== 'string') return undefined;
  const threadFile = join(__dirname, 'post-office-thread.js');
  return existsSync(threadFile) ? threadFile : undefined;
}
