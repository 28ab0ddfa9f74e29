import type { Dispatcher } from 'undici';
import { createCrmClient } from '../client/crm-client.js';
import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import { maxUnderWay } from '../delivery/attempts-under-way.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { createDelivery, type Delivery } from '../delivery/delivery.js';
import { crmFormat } from '../format/crm-format.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import { crmTarget, type PendingNotification } from '../outbox/outbox.js';
import { createHttpTarget } from '../target/http-target.js';
import type { Logger } from '../telemetry/logger.js';
import type { FailureReporter } from './opening.js';
import type { PostOfficeSettings } from './post-office.js';
import type { DeliveryLeader, Store } from './store.js';

export interface LeadingDeliveryOptions {
  readonly outbox: DeliveryOutbox;
  /** Undefined for an outbox that no other process can have. */
  readonly leader: DeliveryLeader | undefined;
  readonly startDelivery: () => Delivery;
  readonly clock: Clock;
  readonly failures: FailureReporter;
}

/**
 * The delivery of a process while it leads. Exactly one of the processes that share an outbox does. The others try once a second,
 * so one of them takes over soon after the leader has ended, however it ended. The leader checks for what the others have
 * accepted.
 */
export interface LeadingDelivery {
  /** Defined while this process leads. */
  readonly delivery: Delivery | undefined;
  /** Notifications were accepted here; `accepted` lists them, if they are known. */
  wake(accepted?: readonly PendingNotification[]): void;
  stop(): Promise<void>;
}

const takeOverMs = 1_000;
const checkEveryMs = 100;

/** Resolves once it is known whether this process leads. */
export async function startLeadingDelivery(options: LeadingDeliveryOptions): Promise<LeadingDelivery> {
  const { outbox, leader, startDelivery, clock, failures } = options;
  let delivery: Delivery | undefined;
  /** The outbox's generation when the delivery started. */
  let generation = 0;
  let steppingDown: Promise<void> | undefined;
  let checking: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let isStopped = false;

  const check = async (): Promise<void> => {
    try {
      const isLeading = leader === undefined || (await leader.tryToLead());
      if (isStopped) return;
      if (!isLeading || (delivery !== undefined && outbox.generation !== generation)) stepDown();
      else if (delivery === undefined) takeOver();
      else if (outbox.hasForeignChanges()) delivery.wake();
      failures.worked('look');
    } catch (error) {
      failures.failed('look', error);
    }
    const isWaiting = delivery === undefined && steppingDown === undefined;
    if (leader !== undefined) cancelTimer = clock.after(isWaiting ? takeOverMs : checkEveryMs, checkAgain);
  };

  const checkAgain = (): void => {
    checking = check();
  };

  /** Does nothing until the previous delivery has ended. */
  const takeOver = (): void => {
    if (steppingDown !== undefined) return;
    ({ generation } = outbox);
    delivery = startDelivery();
    delivery.wake();
  };

  /**
   * For when the lock's file was deleted, and another process holds a new one; or when the outbox is in another file, of which
   * the delivery has read nothing.
   */
  const stepDown = (): void => {
    steppingDown ??= delivery?.stop().finally(() => {
      steppingDown = undefined;
    });
    delivery = undefined;
  };

  await check();
  return {
    get delivery() {
      return delivery;
    },
    wake(accepted) {
      delivery?.wake(accepted);
    },
    async stop() {
      isStopped = true;
      cancelTimer?.();
      await checking;
      await steppingDown;
      await delivery?.stop();
      await leader?.resign();
    },
  };
}

interface Delivering {
  readonly store: Pick<Store, 'counts' | 'readOn'>;
  readonly leading: Pick<LeadingDelivery, 'delivery' | 'wake'>;
}

const pollEveryMs = 50;

/** Resolves when nothing is due any more, or at the time limit. */
export async function untilIdle(delivering: Delivering, timeoutMs: number, clock: Clock): Promise<void> {
  const wait = { isOver: false };
  await doneOrTimedOut(idle(delivering, wait, clock), timeoutMs, clock);
  wait.isOver = true;
}

/** Polls while another process delivers; this process's own delivery reports when it is idle. */
async function idle({ store, leading }: Delivering, wait: { readonly isOver: boolean }, clock: Clock): Promise<void> {
  while (leading.delivery === undefined && !wait.isOver && (await pendingIn(store)) > 0) {
    await new Promise<void>((resolve) => void clock.after(pollEveryMs, resolve));
  }
  for (let isMore = true; isMore && !wait.isOver;) {
    isMore = await store.readOn();
    // Delivery may not know yet of what was accepted last.
    leading.wake();
    await leading.delivery?.whenIdle();
  }
}

/** Returns 0 if the store cannot be read, because then there is nothing to wait for. */
async function pendingIn(store: Pick<Store, 'counts'>): Promise<number> {
  try {
    return (await store.counts()).pending;
  } catch {
    return 0;
  }
}

export interface StartDeliveryOptions {
  readonly settings: Pick<PostOfficeSettings, 'target' | 'delivery'>;
  readonly store: Pick<Store, 'outbox' | 'leader' | 'clock' | 'knownUrl'>;
  readonly authToken: string | TokenProvider;
  readonly dispatcher: Dispatcher | undefined;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
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

/** Starts delivery from a store to the CRM in the settings. */
export function startDelivery(options: StartDeliveryOptions): Delivery {
  const { settings, store, authToken, dispatcher, clock, logger, gatherMs = 0, roundGatherMs, onEvent } = options;
  const { target, delivery } = settings;
  const { outbox, leader } = store;
  const { generation } = outbox;
  const format = crmFormat;
  const connections = maxUnderWay(delivery.concurrency);
  // Once the outbox has started over, positions mean something else, and another delivery follows soon.
  const mayStart = (): boolean => outbox.generation === generation && (leader?.isLeading() ?? true);
  const client = createCrmClient({ ...target, authToken, dispatcher, clock, logger, connections, format, mayStart });
  return createDelivery({
    ...delivery,
    timeoutMs: target.timeoutMs,
    outbox,
    target: createHttpTarget({ name: crmTarget, client, format, clock }),
    clock,
    // When the store's clock catches up, another delivery soon replaces this one, whose instants in memory use the old clock.
    steady: store.clock.withoutCatchUp(),
    onEvent,
    random: Math.random,
    gatherMs,
    roundGatherMs,
    mayStart,
    knownUrl: store.knownUrl(`${target.baseUrl}${format.notifyPath}`),
  });
}
