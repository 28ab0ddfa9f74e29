import type {
  DeadFilter,
  DeadLetter,
  DeadQuery,
  DeadSummary,
  PendingCount,
  PendingEntry,
  PendingFilter,
  PendingQuery,
} from '../outbox/outbox.js';
import type { DeliveredFilter, DeliveredNotification, DeliveredQuery } from '../history/history.js';

/** Notifications that wait to be delivered. Listing them changes nothing, and holds up nothing however many there are. */
export interface PendingNotifications {
  /**
   * Each target's oldest first, without their bodies. `limit` is 1 to 1000, 100 by default; `after` is the last `place` of the
   * previous page; `search` is matched against id, type and lane, ignoring the case of a to z; the other filters are exact.
   *
   * @example
   * const next = await crm.pending.list({ lane: 'booking:456', limit: 10 });
   */
  list(query?: Partial<PendingQuery>): Promise<readonly PendingEntry[]>;
  /**
   * How many match. The count ends at 10,000, unless it is of everything or of a target.
   *
   * @example
   * const { count } = await crm.pending.count({ attempts: 'some' });
   */
  count(filter?: PendingFilter): Promise<PendingCount>;
}

/** Notifications that the CRM will not take. They are kept for `deadRetentionMs` and block nothing. */
export interface DeadLetters {
  /**
   * Newest first. `limit` is 1 to 1000, 100 by default; `before` is the last `position` of the previous page; `search` is
   * matched against id, type, lane, status and reason, ignoring the case of a to z; the other filters are exact.
   *
   * @example
   * const letters = await crm.deadLetters.list({ limit: 10, search: 'booking:456' });
   */
  list(query?: Partial<DeadQuery>): Promise<readonly DeadLetter[]>;
  /**
   * How many match, and how they died: by target, type, reason and status, the largest group first.
   *
   * @example
   * const { count, groups } = await crm.deadLetters.summary({ from: Date.now() - 3_600_000 });
   */
  summary(filter?: DeadFilter): Promise<DeadSummary>;
  /**
   * Makes those with this id pending again, of one target or of all: the same id and bytes, at the end of their lane. Returns how
   * many. `by` is who asks for it, for the timeline.
   */
  redeliver(id: string, target?: string, by?: string): Promise<number>;
  /**
   * Makes every match pending again, oldest first. Returns how many. What dies meanwhile stays dead; a `close` meanwhile
   * ends it early.
   *
   * @example
   * await crm.deadLetters.redeliverAll({ search: '503' });
   */
  redeliverAll(filter?: DeadFilter, by?: string): Promise<number>;
  /** Removes those with this id for good, of one target or of all. Returns how many. */
  discard(id: string, target?: string, by?: string): Promise<number>;
  /** Removes every match for good. Returns how many. What dies meanwhile stays. */
  discardAll(filter?: DeadFilter, by?: string): Promise<number>;
}

/** Notifications that the CRM has, as far as `keepDelivered` keeps them, of all processes that share the outbox. */
export interface Delivered {
  /**
   * Newest first. `limit` is 1 to 1000, 100 by default; `before` is the last `position` of the previous page; `search` is matched
   * against id, type, lane and status, ignoring the case of a to z; the other filters are exact.
   *
   * @example
   * const latest = await crm.delivered.list({ limit: 10, search: 'booking:456' });
   */
  list(query?: Partial<DeliveredQuery>): Promise<readonly DeliveredNotification[]>;
  /** How many match. */
  count(filter?: DeliveredFilter): Promise<number>;
}
