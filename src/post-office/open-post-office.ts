import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NotifierConfig } from '../config/resolve-config.js';
import { systemClock } from '../core/clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Logger } from '../telemetry/logger.js';
import { createInlineHost, gatherOnDiskMs } from './inline-host.js';
import { claimOutbox } from './outbox-claim.js';
import type { PostOffice } from './post-office.js';
import { createThreadHost } from './thread-host.js';

export interface PostOfficeOptions {
  readonly config: NotifierConfig;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/**
 * Opens the post office where it can run: in a thread of its own, or where that is not wanted or not possible, here.
 * Throws `CRMConfigError` at once when the outbox's place cannot be used or another notifier of this process has it.
 */
export function openPostOffice({ config, logger, onEvent }: PostOfficeOptions): PostOffice {
  const { authToken, dispatcher, clock } = config;
  const claim = config.outbox === ':memory:' ? undefined : claimOutbox(config.outbox);
  if (claim?.exposure !== undefined) logger.warn({}, `CRM outbox: ${claim.exposure}`);
  const settings = { ...plainSettings(config), file: claim?.file };
  const onClosed = (): void => {
    claim?.release();
  };
  // What is in memory would end with the thread, and functions cannot go there.
  const canCross = claim !== undefined && dispatcher === undefined && clock === systemClock;
  if (config.thread && canCross) {
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
  // Memory has no transactions that would be worth a wait, and an owned clock is not turned for them.
  const gatherMs = claim === undefined || clock !== systemClock ? 0 : gatherOnDiskMs;
  return createInlineHost({ settings, authToken, dispatcher, clock, logger, gatherMs, onEvent, onClosed });
}

/** Beside this file, unless a bundler has put this one's code elsewhere; into an ES module even, which has no place. */
function findThreadFile(): string | undefined {
  if (typeof __dirname !== 'string') return undefined;
  const threadFile = join(__dirname, 'post-office-thread.js');
  return existsSync(threadFile) ? threadFile : undefined;
}

/** What of the configuration is plain data and a post office's business. */
function plainSettings(config: NotifierConfig): Omit<Parameters<typeof createInlineHost>[0]['settings'], 'file'> {
  const { baseUrl, timeoutMs, healthTimeoutMs, sync, concurrency, rateLimit } = config;
  const { retry, breaker, maxPending, deadRetentionMs } = config;
  return {
    baseUrl,
    timeoutMs,
    healthTimeoutMs,
    sync,
    concurrency,
    rateLimit,
    retry,
    breaker,
    maxPending,
    deadRetentionMs,
  };
}
