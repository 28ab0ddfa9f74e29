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
  /** How long settlements gather for one transaction, in milliseconds. @default 0, the rest of a turn */
  readonly gatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/** How long settlements gather on a disk, in milliseconds: what a kill repeats; docs/delivery-guarantees.md names it. */
export const gatherOnDiskMs = 20;

/** Starts the delivery from a store to the CRM that the settings name. */
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
    // The delivery before this one ends soon; what it has in memory goes by the clock of its time.
    steady: store.clock.goOn(),
    onEvent,
    random: Math.random,
    gatherMs,
  });
}
