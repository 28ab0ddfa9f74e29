import type {
  DeadFilter,
  DeadLetter,
  DeadQuery,
  DeadSummary,
  LanePlace,
  OutboxCounts,
  PendingCount,
  PendingEntry,
  PendingFilter,
  PendingNotification,
  PendingQuery,
  StoredNotification,
} from './outbox.js';

/**
 * What is in an outbox, wherever that is, for those who look after it: the notifier's own calls, the dashboard and the command
 * line. It neither accepts nor delivers. Every call rejects when the outbox cannot be used.
 */
export interface OutboxAccess {
  /** The counts of one target, or of all. */
  counts(target?: string): Promise<OutboxCounts>;
  /** The targets of what is pending or dead, in no particular order. */
  targets(): Promise<readonly string[]>;
  /** A target's pending entries after this position, oldest first, at most `limit` of them. */
  readAfter(target: string, after: number, limit: number): Promise<readonly PendingNotification[]>;
  /** Pending entries that match the query, each target's oldest first, at most `limit` of them. */
  listPending(query: PendingQuery): Promise<readonly PendingEntry[]>;
  /** How many pending entries match. */
  countPending(filter: PendingFilter): Promise<PendingCount>;
  /** Dead letters that match the query, newest first, at most `limit` of them. */
  listDead(query: DeadQuery): Promise<readonly DeadLetter[]>;
  /** How many dead letters match, and how they died. */
  summariseDead(filter: DeadFilter): Promise<DeadSummary>;
  /** The entries with this id, pending or dead, of one target or of all. */
  find(id: string, target?: string): Promise<readonly StoredNotification[]>;
  /** What is pending in a target's lane before and after the entry at this position. */
  placeInLane(target: string, lane: string, position: number): Promise<LanePlace>;
  /**
   * Makes the pending entries with this id due at once, of one target or of all, if they are the first of their lanes. Resolves to how
   * many.
   */
  tryNow(id: string, target?: string): Promise<number>;
  /** This and the next three resolve to how many dead letters they changed. `onPiece` returns whether to continue. */
  redeliver(id: string, target?: string): Promise<number>;
  redeliverAll(which: AllDeadLetters, onPiece?: () => boolean): Promise<number>;
  discard(id: string, target?: string): Promise<number>;
  discardAll(which: AllDeadLetters, onPiece?: () => boolean): Promise<number>;
  close(): Promise<void>;
}

/** The part that changes nothing. */
export type OutboxReading = Omit<OutboxAccess, 'tryNow' | 'redeliver' | 'redeliverAll' | 'discard' | 'discardAll'>;

/** Which of all dead letters. Those that die later are not among them when the call is repeated, if `upTo` is given. */
export interface AllDeadLetters extends DeadFilter {
  readonly upTo?: number | undefined;
}
