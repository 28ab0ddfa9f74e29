import type { PauseCause } from 'express-crm-notifier';
import type { Awaitable } from '../../runtime/awaitable.js';

/** A notification in the outbox. */
export interface WaitingNotification {
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** How many attempts have failed. */
  readonly attempts: number;
}

export interface PendingList {
  /** The oldest pending notifications of those that the app knows: with an outbox in a file, those since it started. */
  readonly waiting: readonly WaitingNotification[];
  /** How many more of those are pending. */
  readonly furtherCount: number;
  /** How many pending ones were accepted before the app started, and are not known one by one. */
  readonly earlierCount: number;
}

/** The length of `waiting`. */
export const MAX_WAITING = 100;

export interface DeliveryWatch {
  /** Lists what is pending; so many are. */
  listPending(pendingCount: number): Awaitable<PendingList>;
  /** Why delivery is paused; undefined if it is not. */
  readonly pauseCause: PauseCause | undefined;
}
