import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { urlWithoutSecrets } from '../core/shown-url.js';
import { maxUnderWay } from '../delivery/attempts-under-way.js';
import { joinDeliveries, type Deliveries } from '../delivery/deliveries.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { createDelivery } from '../delivery/create-delivery.js';
import type { Delivery } from '../delivery/delivery.js';
import { crmFormat } from '../format/crm-format.js';
import { deliverByDefinition, type FormatFunctions } from '../format/deliver-by-definition.js';
import { createSigner } from '../signing/create-signer.js';
import { createHttpTarget } from '../target/http-target.js';
import type { Logger } from '../telemetry/logger.js';
import type { TargetPlan } from './post-office.js';
import type { Store } from './store.js';

/** A target with what may be a function, and so cannot be sent to a thread. */
export interface WholeTarget extends TargetPlan {
  readonly authToken: string | TokenProvider;
  readonly dispatcher?: Dispatcher | undefined;
  /** Of its format. */
  readonly functions?: FormatFunctions | undefined;
}

export interface StartDeliveriesOptions {
  readonly targets: readonly WholeTarget[];
  readonly store: Pick<Store, 'outbox' | 'leader' | 'clock' | 'knownUrl'>;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Whether delivery to a target is paused by hand. */
  readonly isPaused: (target: string) => boolean;
  /** How long settlements and newly accepted notifications gather, in milliseconds. @default 0, to the end of the turn */
  readonly gatherMs?: number | undefined;
  /** How long newly accepted notifications gather. @default gatherMs */
  readonly roundGatherMs?: number | undefined;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/**
 * How long both gather where the outbox is on disk, in milliseconds. A kill repeats attempts that are not settled: see
 * docs/delivery-guarantees.md.
 */
export const gatherOnDiskMs = 20;

/** Starts delivery from a store to each of the targets. */
export function startDeliveries(options: StartDeliveriesOptions): Deliveries {
  return joinDeliveries(new Map(options.targets.map((target) => [target.name, startDelivery(target, options)])));
}

function startDelivery(whole: WholeTarget, options: StartDeliveriesOptions): Delivery {
  const { store, clock, logger, gatherMs = 0, roundGatherMs, isPaused, onEvent } = options;
  const { name, delivery, timeoutMs, baseUrl, signing } = whole;
  const { outbox, leader } = store;
  const { generation } = outbox;
  const format = whole.format === undefined ? crmFormat : deliverByDefinition(whole.format, whole.functions ?? {});
  // The option's check has found them right.
  const sign = signing === undefined ? undefined : createSigner(signing.secrets as string | readonly string[]);
  const connections = maxUnderWay(delivery.concurrency);
  // Once the outbox has started over, positions mean something else, and other deliveries follow soon.
  const mayStart = (): boolean => outbox.generation === generation && (leader?.isLeading() ?? true);
  const client = createCrmClient({ dispatcher: undefined, ...whole, clock, logger, connections, format, mayStart });
  return createDelivery({
    ...delivery,
    timeoutMs,
    outbox,
    target: createHttpTarget({ name, client, format, clock, sign, batch: delivery.batch }),
    clock,
    // When the store's clock catches up, other deliveries soon replace these, whose instants in memory use the old clock.
    steady: store.clock.withoutCatchUp(),
    onEvent,
    random: Math.random,
    gatherMs,
    roundGatherMs,
    mayStart,
    isPaused: () => isPaused(name),
    knownUrl: store.knownUrl(urlWithoutSecrets(`${baseUrl}${format.notifyPath}`)),
  });
}
