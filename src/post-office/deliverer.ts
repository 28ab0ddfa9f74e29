import type { Clock } from '../core/clock.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import type { Spells } from './spells.js';

/** The lock that says which of several processes delivers; see `delivery-lock.ts`. */
export interface Leadership {
  tryAcquire(): boolean;
  release(): void;
}

export interface DelivererOptions {
  readonly outbox: Outbox;
  /** Undefined for an outbox that nobody else can have. */
  readonly leadership: Leadership | undefined;
  readonly startDelivery: () => Delivery;
  readonly clock: Clock;
  readonly spells: Spells;
}

/**
 * Of all the processes that share an outbox exactly one delivers. The others ask for the lock once a second, so one of
 * them takes over soon after the holder has ended, however it ended. The holder looks for what the others have accepted.
 */
export interface Deliverer {
  /** There while this process delivers. */
  readonly delivery: Delivery | undefined;
  /** Notifications were accepted here: these, if they are known. */
  wake(accepted?: readonly PendingNotification[]): void;
  stop(): Promise<void>;
}

const takeOverMs = 1_000;
const lookEveryMs = 100;

export function createDeliverer(options: DelivererOptions): Deliverer {
  const { outbox, leadership, startDelivery, clock, spells } = options;
  let delivery: Delivery | undefined;
  let steppingDown = Promise.resolve();
  let cancelTimer: (() => void) | undefined;

  const look = (): void => {
    try {
      const isLeading = leadership?.tryAcquire() ?? true;
      if (!isLeading) stepDown();
      else if (delivery === undefined) takeOver();
      else if (outbox.hasForeignChanges()) delivery.wake();
      spells.end('look');
    } catch (error) {
      spells.begin('look', error);
    }
    if (leadership !== undefined) cancelTimer = clock.after(delivery === undefined ? takeOverMs : lookEveryMs, look);
  };

  const takeOver = (): void => {
    delivery = startDelivery();
    delivery.wake();
  };

  /** The lock's file was deleted, and another process holds its successor. */
  const stepDown = (): void => {
    if (delivery !== undefined) steppingDown = delivery.stop();
    delivery = undefined;
  };

  look();
  return {
    get delivery() {
      return delivery;
    },
    wake(accepted) {
      delivery?.wake(accepted);
    },
    async stop() {
      cancelTimer?.();
      await steppingDown;
      await delivery?.stop();
      leadership?.release();
    },
  };
}
