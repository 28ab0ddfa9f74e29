import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import type { FailureReporter } from './failure-reporter.js';
import type { DeliveryLeader, Store } from './store.js';

export interface LeadingDeliveryOptions {
  readonly outbox: Outbox;
  /** Undefined for an outbox that nobody else can have. */
  readonly leader: DeliveryLeader | undefined;
  readonly startDelivery: () => Delivery;
  readonly clock: Clock;
  readonly failures: FailureReporter;
}

/**
 * The delivery of a process while it leads. Of all the processes that share an outbox exactly one does. The others ask once a
 * second, so one of them takes over soon after the leader has ended, however it ended. The leader looks for what the others
 * have accepted.
 */
export interface LeadingDelivery {
  /** There while this process leads. */
  readonly delivery: Delivery | undefined;
  /** Notifications were accepted here: these, if they are known. */
  wake(accepted?: readonly PendingNotification[]): void;
  stop(): Promise<void>;
}

const takeOverMs = 1_000;
const lookEveryMs = 100;

/** Resolves once it is known whether this process leads. */
export async function startLeadingDelivery(options: LeadingDeliveryOptions): Promise<LeadingDelivery> {
  const { outbox, leader, startDelivery, clock, failures } = options;
  let delivery: Delivery | undefined;
  /** Of the outbox, at the start of the delivery. */
  let generation = 0;
  let steppingDown: Promise<void> | undefined;
  let looking: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let isStopped = false;

  const look = async (): Promise<void> => {
    try {
      const isLeading = leader === undefined || (await leader.ask());
      if (isStopped) return;
      if (!isLeading || (delivery !== undefined && outbox.generation !== generation)) stepDown();
      else if (delivery === undefined) takeOver();
      else if (outbox.hasForeignChanges()) delivery.wake();
      failures.worked('look');
    } catch (error) {
      failures.failed('look', error);
    }
    const isWaiting = delivery === undefined && steppingDown === undefined;
    if (leader !== undefined) cancelTimer = clock.after(isWaiting ? takeOverMs : lookEveryMs, lookAgain);
  };

  const lookAgain = (): void => {
    looking = look();
  };

  /** Not before the last one has ended. */
  const takeOver = (): void => {
    if (steppingDown !== undefined) return;
    ({ generation } = outbox);
    delivery = startDelivery();
    delivery.wake();
  };

  /**
   * The lock's file was deleted, and another process holds its successor; or the outbox is in another file, of which the
   * delivery has read nothing.
   */
  const stepDown = (): void => {
    steppingDown ??= delivery?.stop().finally(() => {
      steppingDown = undefined;
    });
    delivery = undefined;
  };

  await look();
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
      await looking;
      await steppingDown;
      await delivery?.stop();
      await leader?.resign();
    },
  };
}

interface Delivering {
  readonly store: Pick<Store, 'counts'>;
  readonly leading: Pick<LeadingDelivery, 'delivery' | 'wake'>;
}

const pollEveryMs = 50;

/** Resolves when nothing is due any more, or at the time limit. */
export async function untilIdle(delivering: Delivering, timeoutMs: number, clock: Clock): Promise<void> {
  const wait = { isOver: false };
  await doneOrTimedOut(idle(delivering, wait, clock), timeoutMs, clock);
  wait.isOver = true;
}

/** Polls while another process delivers; this one's own delivery says when it is idle. */
async function idle({ store, leading }: Delivering, wait: { readonly isOver: boolean }, clock: Clock): Promise<void> {
  while (leading.delivery === undefined && !wait.isOver && (await pendingIn(store)) > 0) {
    await new Promise<void>((resolve) => void clock.after(pollEveryMs, resolve));
  }
  // It may not have been told yet of what was accepted last.
  leading.wake();
  await leading.delivery?.whenIdle();
}

/** Of one that cannot be asked nothing more can be waited for. */
async function pendingIn(store: Pick<Store, 'counts'>): Promise<number> {
  try {
    return (await store.counts()).pending;
  } catch {
    return 0;
  }
}
