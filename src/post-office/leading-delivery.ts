import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { HandPauses } from '../history/hand-pauses.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { FailureReporter } from './opening.js';
import type { DeliveryLeader, Store } from './store.js';

export interface LeadingDeliveryOptions {
  readonly outbox: DeliveryOutbox;
  /** Undefined for an outbox that no other process can have. */
  readonly leader: DeliveryLeader | undefined;
  readonly startDeliveries: () => Deliveries;
  readonly clock: Clock;
  readonly failures: FailureReporter;
}

/**
 * The deliveries of a process while it leads. Exactly one of the processes that share an outbox does. The others try once a second,
 * so one of them takes over soon after the leader has ended, however it ended. The leader checks for what the others have
 * accepted.
 */
export interface LeadingDelivery {
  /** Defined while this process leads. */
  readonly deliveries: Deliveries | undefined;
  /** Notifications were accepted here; `accepted` lists them, if they are known. */
  wake(accepted?: readonly PendingNotification[]): void;
  stop(): Promise<void>;
}

const takeOverMs = 1_000;
const checkEveryMs = 100;

/** Resolves once it is known whether this process leads. */
export async function startLeadingDelivery(options: LeadingDeliveryOptions): Promise<LeadingDelivery> {
  const { outbox, leader, startDeliveries, clock, failures } = options;
  let deliveries: Deliveries | undefined;
  /** The outbox's generation when they started. */
  let generation = 0;
  let steppingDown: Promise<void> | undefined;
  let checking: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let isStopped = false;

  const check = async (): Promise<void> => {
    try {
      const isLeading = leader === undefined || (await leader.tryToLead());
      if (isStopped) return;
      if (!isLeading || (deliveries !== undefined && outbox.generation !== generation)) stepDown();
      else if (deliveries === undefined) takeOver();
      else if (outbox.hasForeignChanges()) deliveries.wake();
      failures.worked('look');
    } catch (error) {
      failures.failed('look', error);
    }
    const isWaiting = deliveries === undefined && steppingDown === undefined;
    if (leader !== undefined) cancelTimer = clock.after(isWaiting ? takeOverMs : checkEveryMs, checkAgain);
  };

  const checkAgain = (): void => {
    checking = check();
  };

  /** Does nothing until the previous deliveries have ended. */
  const takeOver = (): void => {
    if (steppingDown !== undefined) return;
    ({ generation } = outbox);
    deliveries = startDeliveries();
    deliveries.wake();
  };

  /**
   * For when the lock's file was deleted, and another process holds a new one; or when the outbox is in another file, of which
   * they have read nothing.
   */
  const stepDown = (): void => {
    steppingDown ??= deliveries?.stop().finally(() => {
      steppingDown = undefined;
    });
    deliveries = undefined;
  };

  await check();
  return {
    get deliveries() {
      return deliveries;
    },
    wake(accepted) {
      deliveries?.wake(accepted);
    },
    async stop() {
      isStopped = true;
      cancelTimer?.();
      await checking;
      await steppingDown;
      await deliveries?.stop();
      await leader?.resign();
    },
  };
}

interface Delivering {
  readonly store: Pick<Store, 'counts' | 'targets' | 'readOn'>;
  readonly leading: Pick<LeadingDelivery, 'deliveries' | 'wake'>;
  /** Nothing that is paused by hand is due. Undefined where this process may not know. */
  readonly pauses: Pick<HandPauses, 'holds' | 'mayHold' | 'refresh'> | undefined;
}

const pollEveryMs = 50;

/** Resolves when nothing is due any more, or at the time limit. */
export async function untilIdle(delivering: Delivering, timeoutMs: number, clock: Clock): Promise<void> {
  const wait = { isOver: false };
  await doneOrTimedOut(idle(delivering, wait, clock), timeoutMs, clock);
  wait.isOver = true;
}

/** Polls while another process delivers; this process's own delivery reports when it is idle. */
async function idle(delivering: Delivering, wait: { readonly isOver: boolean }, clock: Clock): Promise<void> {
  const { store, leading, pauses } = delivering;
  while (leading.deliveries === undefined && !wait.isOver && (await pendingIn(delivering)) > 0) {
    await new Promise<void>((resolve) => void clock.after(pollEveryMs, resolve));
  }
  for (let isMore = true; isMore && !wait.isOver;) {
    isMore = await store.readOn((target) => pauses?.holds(target) === true);
    // Delivery may not know yet of what was accepted last.
    leading.wake();
    await leading.deliveries?.whenIdle();
  }
}

/** Returns 0 if the store cannot be read, because then there is nothing to wait for. */
async function pendingIn({ store, pauses }: Delivering): Promise<number> {
  try {
    await pauses?.refresh();
    let { pending } = await store.counts();
    const targets = pauses?.mayHold === true ? await store.targets() : [];
    for (const target of targets) if (pauses?.holds(target)) pending -= (await store.counts(target)).pending;
    return pending;
  } catch {
    return 0;
  }
}
