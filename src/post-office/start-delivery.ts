import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { maxUnderWay } from '../delivery/attempts-under-way.js';
import { createDelivery, type Delivery } from '../delivery/delivery.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { crmFormat } from '../format/crm-format.js';
import { crmTarget } from '../outbox/outbox.js';
import { createHttpTarget } from '../target/http-target.js';
import type { Logger } from '../telemetry/logger.js';
import type { PostOfficeSettings } from './post-office.js';
import type { Store } from './store.js';

export interface StartDeliveryOptions {
  readonly settings: Pick<PostOfficeSettings, 'target' | 'delivery'>;
  readonly store: Pick<Store, 'outbox' | 'clock'>;
  readonly authToken: string | TokenProvider;
  readonly dispatcher: Dispatcher | undefined;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** How long settlements gather for one transaction, in milliseconds. @default 0, to the end of the turn */
  readonly gatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/** How long settlements gather for a disk, in milliseconds. A kill repeats these attempts: see docs/delivery-guarantees.md. */
export const gatherOnDiskMs = 20;

/** Starts delivery from a store to the CRM in the settings. */
export function startDelivery(options: StartDeliveryOptions): Delivery {
  const { settings, store, authToken, dispatcher, clock, logger, gatherMs = 0, onEvent } = options;
  const { target, delivery } = settings;
  const format = crmFormat;
  const connections = maxUnderWay(delivery.concurrency);
  const client = createCrmClient({ ...target, authToken, dispatcher, clock, logger, connections, format });
  return createDelivery({
    ...delivery,
    timeoutMs: target.timeoutMs,
    outbox: store.outbox,
    target: createHttpTarget({ name: crmTarget, client, format, clock }),
    clock,
    // When the store's clock catches up, another delivery soon replaces this one, whose instants in memory use the old clock.
    steady: store.clock.withoutCatchUp(),
    onEvent,
    random: Math.random,
    gatherMs,
  });
}
