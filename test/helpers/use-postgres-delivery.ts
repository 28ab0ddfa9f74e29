import { randomUUID } from 'node:crypto';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import { systemClock } from '../../src/core/clock.js';
import { createSteadyClock } from '../../src/core/steady-clock.js';
import { createAnnouncer } from '../../src/outbox/postgres/announcer.js';
import { createAnnouncements } from '../../src/outbox/postgres/announcements.js';
import { startLeadingDelivery, type LeadingDelivery } from '../../src/post-office/leading-delivery.js';
import { createFailureReporter } from '../../src/post-office/opening.js';
import { createPostgresLeader } from '../../src/post-office/postgres-leader.js';
import { startDeliveries } from '../../src/post-office/start-deliveries.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { createLogCollector } from './log-collector.js';
import { testToken } from './observed-notifier.js';
import type { PostgresTables } from './postgres-tables.js';

/** Delivers what is in the tables of an outbox. */
export interface PostgresDelivery {
  /** There is something new. */
  lookSoon(): void;
  stop(): Promise<void>;
}

export interface PostgresDeliveryOptions {
  readonly stored: PostgresTables;
  readonly baseUrl: string;
  /** How many rows are in memory at most. */
  readonly maxRows?: number | undefined;
}

/** Starts deliveries from PostgreSQL without the rest of a notifier. Each is stopped after its test. */
export function usePostgresDelivery(): (options: PostgresDeliveryOptions) => Promise<PostgresDelivery> {
  const started: PostgresDelivery[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((delivery) => delivery.stop()));
  });
  return async (options) => {
    const delivery = await startPostgresDelivery(options);
    started.push(delivery);
    return delivery;
  };
}

async function startPostgresDelivery({ stored, baseUrl, maxRows }: PostgresDeliveryOptions): Promise<PostgresDelivery> {
  const { server, tables } = stored;
  const clock = systemClock;
  const steady = createSteadyClock(clock, { from: 0, to: 0 });
  const failures = createFailureReporter(() => undefined);
  const logger = createSafeLogger(createLogCollector());
  const { targets } = resolveNotifierConfig({ baseUrl, authToken: testToken, env: {}, retry: { firstDelayMs: 10 } });
  const opened: { leading?: LeadingDelivery } = {};
  const announcements = createAnnouncements({
    ...{ server, tables, clock, announcer: createAnnouncer({ run: server.run, tables, clock }) },
    ...{ onHeard: () => undefined, onDeaf: () => undefined },
    onAnnounced() {
      leader.readSoon();
    },
  });
  const leader = createPostgresLeader({
    ...{ server, tables, clock, steady, maxRows, announcements, failures },
    processId: randomUUID(),
    targets: ['crm'],
    maxWaitMs: 60_000,
    onArrived: (arrived) => opened.leading?.wake(arrived),
    onWanted: () => undefined,
    onJump: () => undefined,
    onLeading: () => undefined,
  });
  const { outbox } = leader;
  const knownUrl = { isKnown: true, remember: () => undefined };
  opened.leading = await startLeadingDelivery({
    ...{ outbox, leader: leader.leader, clock, failures },
    startDeliveries: () =>
      startDeliveries({
        ...{ targets, clock, logger, roundGatherMs: 0 },
        store: { outbox, leader: leader.leader, clock: steady, knownUrl: () => knownUrl },
        isPaused: () => false,
        onEvent: () => undefined,
      }),
  });
  return {
    lookSoon: () => {
      leader.readSoon();
    },
    stop: async () => opened.leading?.stop(),
  };
}
