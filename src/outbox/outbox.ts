import type { Use } from '../core/steady-clock.js';
import type {
  DeadFound,
  DeadLetter,
  DeadPiece,
  DeadProgress,
  DeadQuery,
  DeadRange,
  DeadReason,
  DeadSearch,
} from './dead-letter.js';
import type { PendingPiece, PendingRange } from './pending-entry.js';

export * from './dead-letter.js';
export * from './pending-entry.js';

/** The target that there is when none is named. */
export const crmTarget = 'crm';

/**
 * The contract of an outbox: where accepted notifications wait until they are delivered to their targets.
 *
 * It is synchronous. An outbox runs in the post office, which may have a thread of its own and so may block; when a method
 * returns, its changes are as durable as the outbox can make them.
 *
 * A notification for several targets has an entry for each of them, with the same id. Position, lane and state of an entry are
 * independent of other targets. An entry is either pending, to be delivered in the order of its lane, or dead: a dead letter,
 * kept until it is redelivered, discarded or expired. Delivered entries are removed.
 *
 * A target's positions start at 1 and grow by 1 with each of its entries; none is ever reused. So a target has no entry between
 * two consecutive positions.
 */
export interface Outbox {
  /**
   * Accepts a batch, all or none, in this order, and returns the new pending entries; those it does not return can be read.
   * Skips an entry if its target already has that id, pending or dead. Returns undefined, and accepts nothing, when more would
   * be pending than `room` allows. Throws when the batch cannot be made durable; nothing has changed then. Ages are counted
   * from `at`, or from when each notification occurred.
   */
  append(batch: readonly AcceptedNotification[], room?: Room, at?: number): PendingNotification[] | undefined;

  /** A target's pending entries after this position, oldest first, at most `limit` of them. */
  readAfter(target: string, after: number, limit: number): PendingNotification[];

  /** The oldest pending entry of a target's lane after this position. */
  nextInLane(target: string, lane: string, after: number): PendingNotification | undefined;

  /**
   * A target's pending entries that wait for an instant up to `until`, soonest first and at the same instant oldest first: those
   * that come after `after` in that order, at most `limit` of them. Entries that wait for no instant are left out.
   */
  readDue(target: string, after: DuePlace, until: number, limit: number): PendingNotification[];

  /**
   * Settles attempts, all or none. Id and target identify the entry, even if its position has changed; the settlement of an
   * entry that is no longer pending changes nothing.
   */
  settle(settlements: readonly Settlement[]): void;

  /** The pending entries of a range that match, each target's oldest first, at most `most` of them. */
  searchPending(range: PendingRange, most: number): PendingPiece;

  /** How many of the pending entries of a range match. */
  countPending(range: PendingRange): DeadProgress;

  /** The counts of one target, or of all. */
  counts(target?: string): OutboxCounts;

  /** The targets of everything ever accepted, in no particular order. */
  targets(): readonly string[];

  /** Whether another process has changed the outbox since the last call. */
  hasForeignChanges(): boolean;

  /** Dead letters that match the query, newest first, at most `limit` of them. */
  listDead(query: DeadQuery): DeadLetter[];

  /** The newest dead letters of a range that match, at most `most` of them. */
  searchDead(range: DeadSearch, most: number): DeadFound;

  /** The oldest dead letters that match, by how they died. */
  groupOldest(range: DeadRange): DeadPiece;

  /** The entries with this id, pending or dead, of one target or of all. */
  find(id: string, target?: string): StoredNotification[];

  /**
   * Makes dead letters with this id pending again, of one target or of all: at the end of their lane, with the same id and bytes
   * and no attempts. Returns how many.
   */
  redeliver(id: string, at: number, target?: string): number;

  /** `redeliver` for the oldest dead letters that match. */
  redeliverOldest(range: DeadRange, at: number): DeadProgress;

  /** Removes dead letters with this id for good, of one target or of all. Returns how many. */
  discard(id: string, target?: string): number;

  /** `discard` for the oldest dead letters that match. */
  discardOldest(range: DeadRange): DeadProgress;

  /** Removes dead letters that died before this instant, at most `limit` of them. Returns how many. */
  expireDead(before: number, limit: number): number;

  /** When the outbox was last in use, as recorded by `noteUse` and by each `append` with an `at`. */
  lastUse(): Use;

  /** Records a use that begins or continues. */
  noteUse(use: Use): void;

  /** Grows when everything read or returned before becomes invalid, above all positions; start over then. */
  readonly generation: number;

  /** Housekeeping, about once a second: checks that the file is still there, returns space to the disk. */
  maintain(): void;

  /**
   * Makes the pending entries with this id due at once, of one target or of all, if they are the first of their lanes. Returns how
   * many. Until their next settlement they are what `readDue` finds up to `wantedAt`.
   */
  tryNow(id: string, target?: string): number;

  /** What is pending in a target's lane before and after the entry at this position. */
  placeInLane(target: string, lane: string, position: number): LanePlace;

  /** Releases everything. May be called again. */
  close(): void;
}

/** What is pending in a lane before and after an entry: how many, and the ids of the nearest, the nearest first. */
export interface LanePlace {
  readonly before: number;
  readonly after: number;
  readonly previous: readonly string[];
  readonly next: readonly string[];
}

/** The `nextAttemptAt` of an entry that somebody wants to be tried at once: long past, and stored by nothing else. */
export const wantedAt = 1;

/** How many ids a `LanePlace` has at most on either side. */
export const maxNeighbours = 3;

/** A place in the order in which entries become due; `{ nextAttemptAt: 0, position: 0 }` is before all of them. */
export type DuePlace = Pick<PendingNotification, 'nextAttemptAt' | 'position'>;

/** How much may be pending. */
export interface Room {
  readonly count: number;
  /** Of their bodies together. */
  readonly bytes: number;
}

/** A notification for one target, as passed to the outbox. */
export interface AcceptedNotification {
  readonly target: string;
  /** UUIDv7; the same for each target. */
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** The body of the POST: its bytes, or its text, to be encoded as UTF-8. */
  readonly body: string | Uint8Array;
  readonly traceparent: string | undefined;
}

/** Everything the outbox stores about a notification for one target. */
export type StoredNotification =
  | (PendingNotification & { readonly state: 'pending' })
  | (DeadLetter & Pick<PendingNotification, 'body' | 'traceparent'> & { readonly state: 'dead' });

/** A notification that waits to be delivered to one target. */
export interface PendingNotification extends AcceptedNotification {
  readonly body: Uint8Array;
  /** Its place in its target's order of acceptance. */
  readonly position: number;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The next attempt is not made before this instant; 0 for at once. */
  readonly nextAttemptAt: number;
  /** The instant its age is counted from: its acceptance, or its redelivery. */
  readonly acceptedAt: number;
}

/** The outcome of an attempt, as the outbox stores it. */
export type Settlement =
  | (Settled & { readonly kind: 'delivered' })
  | (Settled & { readonly kind: 'retry'; readonly attempts: number; readonly nextAttemptAt: number })
  | (Settled & {
      readonly kind: 'dead';
      readonly attempts: number;
      readonly diedAt: number;
      readonly reason: DeadReason;
    });

/** Identifies the entry. */
interface Settled {
  readonly target: string;
  readonly id: string;
  /** Where it was read; the outbox looks here first. */
  readonly position: number;
}

export interface OutboxCounts {
  readonly pending: number;
  /** Of the bodies of the pending notifications. */
  readonly pendingBytes: number;
  readonly dead: number;
  /** When the oldest pending notification was accepted. */
  readonly oldestAcceptedAt: number | undefined;
}

export const noCounts: OutboxCounts = { pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined };

/** The counts of two targets together. */
export function sumOfCounts(one: OutboxCounts, other: OutboxCounts): OutboxCounts {
  const oldest = Math.min(one.oldestAcceptedAt ?? Infinity, other.oldestAcceptedAt ?? Infinity);
  return {
    pending: one.pending + other.pending,
    pendingBytes: one.pendingBytes + other.pendingBytes,
    dead: one.dead + other.dead,
    oldestAcceptedAt: oldest === Infinity ? undefined : oldest,
  };
}

/** A notification before its first attempt. Made for every notification, so in a single literal. */
export function firstPending(
  { target, id, type, lane, occurredAt, traceparent }: AcceptedNotification,
  { body, position, acceptedAt }: Pick<PendingNotification, 'body' | 'position' | 'acceptedAt'>,
): PendingNotification {
  return { target, position, id, type, lane, occurredAt, acceptedAt, attempts: 0, nextAttemptAt: 0, traceparent, body };
}
