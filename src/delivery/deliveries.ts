import type { PendingNotification } from '../outbox/outbox.js';
import type { Delivery } from './delivery.js';

/** The deliveries of a process to all its targets. None waits for another. */
export interface Deliveries {
  /** As `Delivery.wake`, for the targets that something is for; without `accepted` for all. */
  wake(accepted?: readonly PendingNotification[]): void;
  /** The delivery to one target. */
  to(target: string): Pick<Delivery, 'circuit' | 'inFlight'> | undefined;
  /** Resolves when nothing is due for any target; see `Delivery.whenIdle`. */
  whenIdle(): Promise<void>;
  /** As `Delivery.tryNow`, of one target or of all. */
  tryNow(id: string, target?: string): void;
  stop(): Promise<void>;
}

/** Joins deliveries, by the names of their targets. */
export function joinDeliveries(byTarget: ReadonlyMap<string, Delivery>): Deliveries {
  const all = [...byTarget.values()];
  return {
    wake(accepted) {
      for (const [target, delivery] of byTarget) {
        if (accepted === undefined || byTarget.size === 1) delivery.wake(accepted);
        else {
          const own = accepted.filter((notification) => notification.target === target);
          if (own.length > 0) delivery.wake(own);
        }
      }
    },
    to: (target) => byTarget.get(target),
    async whenIdle() {
      await Promise.all(all.map((delivery) => delivery.whenIdle()));
    },
    tryNow(id, target) {
      for (const [name, delivery] of byTarget) if ((target ?? name) === name) delivery.tryNow(id);
    },
    async stop() {
      await Promise.all(all.map((delivery) => delivery.stop()));
    },
  };
}
