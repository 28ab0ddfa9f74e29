import type { PendingNotification } from '../outbox/outbox.js';
import type { CircuitState } from './circuit.js';

/** Takes a target's due notifications from the outbox, sends them to it and settles the outcome. */
export interface Delivery {
  /** Looks for work. Call it after a start and after notifications were accepted; pass them if they are known. */
  wake(accepted?: readonly PendingNotification[]): void;
  readonly circuit: CircuitState;
  readonly inFlight: number;
  /** Resolves when nothing is due. What waits for its next attempt is not due; while paused or after `stop`, nothing is. */
  whenIdle(): Promise<void>;
  /** Tries a notification before others, once it is the first of its lane; also as the probe of an open circuit, which begins at once. */
  tryNow(id: string): void;
  /** Starts no more attempts, cuts off those under way and settles those that have ended. */
  stop(): Promise<void>;
}
