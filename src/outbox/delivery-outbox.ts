import type { Outbox, Settlement } from './outbox.js';

/**
 * What a delivery reads and settles: an outbox, or a window on one that is on a server. A window settles asynchronously;
 * until a settlement's promise resolves, its entry stays what it was.
 */
export interface DeliveryOutbox extends Pick<
  Outbox,
  'readAfter' | 'nextInLane' | 'readDue' | 'hasForeignChanges' | 'generation'
> {
  settle(settlements: readonly Settlement[]): void | Promise<void>;
  /**
   * Whether a notification that waits for its next attempt leaves, and its lane with it, and comes back as new once it is due.
   * @default false: it stays
   */
  readonly forgetsWaiting?: boolean;
}
