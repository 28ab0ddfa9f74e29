import type { PendingNotification } from '../outbox/outbox.js';
import type { ReadyHeads } from './heads.js';
import type { TargetQueue } from './target-queue.js';

/** What lanes need. */
export interface LanesOptions {
  readonly queue: TargetQueue;
  /** The clock for stored instants. */
  readonly now: () => number;
  /** After a start, no notification waits longer than this, whatever instant is stored. */
  readonly maxWaitMs: number;
  /** With so many lanes at work, those that wait longest are forgotten, or the cursor stops; more would only take memory. */
  readonly maxLanes: number;
  /** How many notifications may follow their lanes' heads in memory. */
  readonly maxFollowers: number;
  /** @default a new one */
  readonly ready?: ReadyHeads;
  /** Whether to read ahead, so that there are more fresh heads to choose from. @default never */
  readonly isReadingAhead?: () => boolean;
  /** Whether notifications of its type failed lately. @default never */
  readonly isRisky?: (notification: PendingNotification) => boolean;
}
