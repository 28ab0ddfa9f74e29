import type { Use } from '../core/steady-clock.js';

/** The one target there is today. */
export const crmTarget = 'crm';

/**
 * The contract of an outbox: where accepted notifications wait until their targets have them.
 *
 * It is synchronous. An outbox lives in the post office, which may have a thread of its own and so may block; when a method
 * returns, what it did is as durable as the outbox can make it.
 *
 * A notification for several targets has an entry for each of them, with the same id. Everything about an entry is its
 * target's: its position, its lane, its state. An entry is in one of two states. Pending: it is to be delivered, first in its
 * lane first. Dead: a dead letter, kept until it is redelivered, discarded or expired. Delivered ones are gone.
 *
 * The positions of a target start at 1 and grow by 1 with each of its entries; none is ever given again. So nothing of a target
 * lies between two consecutive ones.
 */
export interface Outbox {
  /**
   * Accepts a batch, all or none, in this order, and returns what is pending now and where; entries it does not return are
   * found by reading. An entry whose id its target has already, pending or dead, is skipped. Returns undefined, and accepts
   * nothing, when more would be pending then than `room` allows. Throws when the batch cannot be made durable; nothing has
   * changed then. Ages are counted from `at`, or from when each notification occurred.
   */
  append(batch: readonly AcceptedNotification[], room?: Room, at?: number): PendingNotification[] | undefined;

  /** Pending ones of a target after this position, oldest first, at most `limit` of them. */
  readAfter(target: string, after: number, limit: number): PendingNotification[];

  /** The oldest pending one of a target's lane after this position. */
  nextInLane(target: string, lane: string, after: number): PendingNotification | undefined;

  /**
   * Pending ones of a target that wait for an instant up to `until`, soonest first and at the same instant oldest first: those
   * that come after `after` in that order, at most `limit` of them. What waits for no instant is not among them.
   */
  readDue(target: string, after: DuePlace, until: number, limit: number): PendingNotification[];

  /**
   * Settles attempts, all or none. The id and the target say which entry is meant, wherever it is by now; a settlement of one
   * that is no longer pending changes nothing.
   */
  settle(settlements: readonly Settlement[]): void;

  /** Of one target, or of all. */
  counts(target?: string): OutboxCounts;

  /** The targets of everything that was ever accepted, in no particular order. */
  targets(): readonly string[];

  /** Whether another process has changed the outbox since the last call. */
  hasForeignChanges(): boolean;

  /** Dead letters, newest first, at most `limit` of those that match the query. */
  listDead(query: DeadQuery): DeadLetter[];

  /** The entries with this id, of one target or of all: pending, dead, or none. */
  find(id: string, target?: string): StoredNotification[];

  /**
   * Makes dead letters with this id pending again, of one target or of all: at the end of their lane, with their id and bytes and
   * no attempts made. Returns how many.
   */
  redeliver(id: string, at: number, target?: string): number;

  /** Does the same for the oldest dead letters that match. */
  redeliverOldest(range: DeadRange, at: number): DeadProgress;

  /** Removes dead letters with this id for good, of one target or of all. Returns how many. */
  discard(id: string, target?: string): number;

  /** Does the same for the oldest dead letters that match. */
  discardOldest(range: DeadRange): DeadProgress;

  /** Removes dead letters that died before this instant, at most `limit` of them. Returns how many. */
  expireDead(before: number, limit: number): number;

  /** When the outbox was last in use, as far as it was noted: by `noteUse`, and by each `append` with an `at`. */
  lastUse(): Use;

  /** Notes a use that begins or goes on. */
  noteUse(use: Use): void;

  /** Grows when everything read or returned before is void, positions above all: start over then. */
  readonly generation: number;

  /** Housekeeping, about once a second: checks that the file is still there, returns space to the disk. */
  maintain(): void;

  /** Gives everything back. May be called again. */
  close(): void;
}

/** A place in the order in which pending ones become due; `{ nextAttemptAt: 0, position: 0 }` is before all of them. */
export type DuePlace = Pick<PendingNotification, 'nextAttemptAt' | 'position'>;

/** How much may be pending. */
export interface Room {
  readonly count: number;
  /** Of the bodies. */
  readonly bytes: number;
}

/** A notification for one target, as it is handed to the outbox. */
export interface AcceptedNotification {
  readonly target: string;
  /** UUIDv7; the same for each target. */
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** The POST's body: its bytes, or the text that UTF-8 makes them of. */
  readonly body: string | Uint8Array;
  readonly traceparent: string | undefined;
}

/** Which dead letters: by default all. */
export interface DeadFilter {
  /** Only those with this text, in letters of any case, in their id, type, lane, status or reason. */
  readonly search?: string | undefined;
  /** Only those of this target. */
  readonly target?: string | undefined;
}

/** Which dead letters to list. */
export interface DeadQuery extends DeadFilter {
  readonly limit: number;
  /** Only those that died before this position. */
  readonly before?: number | undefined;
}

/** Which dead letters to change, the oldest first. */
export interface DeadRange extends DeadFilter {
  /** Only those behind this position. @default all */
  readonly after?: number | undefined;
  /** Only those up to this position. */
  readonly upTo: number;
  /** How many to look at, whether they match or not, so that no call takes long. */
  readonly limit: number;
}

/** How far a change of the oldest dead letters came. */
export interface DeadProgress {
  /** How many it changed. */
  readonly count: number;
  /** Give this as `after` to go on; undefined at the end. */
  readonly next: number | undefined;
}

/** A notification for one target as the outbox has it, whole. */
export type StoredNotification =
  | (PendingNotification & { readonly state: 'pending' })
  | (DeadLetter & Pick<PendingNotification, 'body' | 'traceparent'> & { readonly state: 'dead' });

/** A notification that waits for its delivery to one target. */
export interface PendingNotification extends AcceptedNotification {
  readonly body: Uint8Array;
  /** Its place in its target's order of acceptance. */
  readonly position: number;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Not before this instant; 0 for at once. */
  readonly nextAttemptAt: number;
  /** When its age is counted from: its acceptance, or its redelivery. */
  readonly acceptedAt: number;
}

/** What became of an attempt. */
export type Settlement =
  | (Settled & { readonly kind: 'delivered' })
  | (Settled & { readonly kind: 'retry'; readonly attempts: number; readonly nextAttemptAt: number })
  | (Settled & {
      readonly kind: 'dead';
      readonly attempts: number;
      readonly diedAt: number;
      readonly reason: DeadReason;
    });

/** Which notification. */
interface Settled {
  readonly target: string;
  readonly id: string;
  /** Where it was read; where it is looked for first. */
  readonly position: number;
}

/** Why the target will not take it. */
export interface DeadReason {
  /** `rejected`: the CRM's final reply. `redirect`: it pointed elsewhere. `expired`: older than `maxAgeMs`. */
  readonly kind: 'rejected' | 'redirect' | 'expired';
  /** The last HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** In the CRM's words, scrubbed and at most 1024 characters long. */
  readonly detail: string;
}

/** A notification that its target will not take. */
export interface DeadLetter {
  readonly target: string;
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  readonly occurredAt: number;
  readonly diedAt: number;
  readonly attempts: number;
  readonly reason: DeadReason;
  /** Its place among the dead letters of all targets; give it as `before` to read on from here. */
  readonly position: number;
}

export interface OutboxCounts {
  readonly pending: number;
  /** Of the pending ones' bodies. */
  readonly pendingBytes: number;
  readonly dead: number;
  /** When the oldest pending one was accepted. */
  readonly oldestAcceptedAt: number | undefined;
}

/** A notification before its first attempt. Made for every one, so in one literal. */
export function firstPending(
  { target, id, type, lane, occurredAt, traceparent }: AcceptedNotification,
  { body, position, acceptedAt }: Pick<PendingNotification, 'body' | 'position' | 'acceptedAt'>,
): PendingNotification {
  return { target, position, id, type, lane, occurredAt, acceptedAt, attempts: 0, nextAttemptAt: 0, traceparent, body };
}
