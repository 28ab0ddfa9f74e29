import type { Clock } from '../core/clock.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import type { Spells } from './spells.js';

/** The lock that says which of several processes delivers; see `file-lock.ts`. */
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
  /** Of the outbox, at the start of the delivery. */
  let generation = 0;
  let steppingDown: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;

  const look = (): void => {
    try {
      const isLeading = leadership?.tryAcquire() ?? true;
      if (!isLeading || (delivery !== undefined && outbox.generation !== generation)) stepDown();
      else if (delivery === undefined) takeOver();
      else if (outbox.hasForeignChanges()) delivery.wake();
      spells.end('look');
    } catch (error) {
      spells.begin('look', error);
    }
    const isWaiting = delivery === undefined && steppingDown === undefined;
    if (leadership !== undefined) cancelTimer = clock.after(isWaiting ? takeOverMs : lookEveryMs, look);
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
