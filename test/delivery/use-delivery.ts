import { createCrmClient } from '../../src/client/crm-client.js';
import { resolveNotifierConfig } from '../../src/config/resolve-config.js';
import { createSteadyClock } from '../../src/core/steady-clock.js';
import { createDelivery } from '../../src/delivery/create-delivery.js';
import type { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { crmFormat } from '../../src/format/crm-format.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import { createHttpTarget } from '../../src/target/http-target.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import type { OwnedClock } from '../../src/testing/owned-clock.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { testToken } from '../helpers/observed-notifier.js';

export interface TestDelivery {
  readonly baseUrl: string;
  readonly outbox: Outbox;
  readonly clock: OwnedClock;
  readonly onEvent: (event: DeliveryEvent) => void;
  readonly gatherMs?: number;
  readonly mayStart?: () => boolean;
}

/** Starts deliveries alone, without a post office, on an outbox and a clock of the test. Each is stopped after its test. */
export function useDelivery(): (options: TestDelivery) => Delivery {
  const started: Delivery[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((delivery) => delivery.stop()));
  });
  return ({ baseUrl, outbox, clock, onEvent, gatherMs = 0, mayStart }) => {
    const { targets } = resolveNotifierConfig({ baseUrl, authToken: testToken, env: {}, clock });
    const { delivery: settings, ...target } = targets[0]!;
    const logger = createSafeLogger(createLogCollector());
    const connections = settings.concurrency;
    const client = createCrmClient({ ...target, connections, clock, logger, format: crmFormat, mayStart });
    const delivery = createDelivery({
      ...settings,
      timeoutMs: target.timeoutMs,
      outbox,
      target: createHttpTarget({ name: 'crm', client, format: crmFormat, clock }),
      clock,
      onEvent,
      random: () => 0.5,
      steady: createSteadyClock(clock, { from: 0, to: 0 }),
      gatherMs,
      mayStart,
      knownUrl: { isKnown: false, remember: () => undefined },
    });
    started.push(delivery);
    return delivery;
  };
}
