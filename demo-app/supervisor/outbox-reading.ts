import type { Awaitable } from '../runtime/awaitable.js';

/** A notification in the outbox. */
export interface OutboxEntry {
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** How many attempts have failed. */
  readonly attempts: number;
  readonly state: 'pending' | 'dead';
}

/** What is in the outbox, read from its file or table. */
export interface OutboxReading {
  readonly pending: number;
  readonly dead: number;
  /** When the oldest pending one was accepted, in milliseconds since 1970; null if there is none. */
  readonly oldestAt: number | null;
  /** The oldest pending ones, then the newest dead letters. */
  readonly entries: readonly OutboxEntry[];
}

export type ReadOutbox = () => Awaitable<OutboxReading>;

export const MAX_PENDING_ENTRIES = 100;
export const MAX_DEAD_ENTRIES = 30;
