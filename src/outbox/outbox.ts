import type { Use } from '../core/steady-clock.js';

/**
 * The contract of an outbox: where accepted notifications wait until the CRM has them.
 *
 * It is synchronous. An outbox lives in the post office, which may be a thread of its own, and whoever owns it may block;
 * when a method returns, what it did is as durable as the outbox can make it.
 *
 * A notification is in one of two states. Pending: it is to be delivered, first in its lane first. Dead: a dead letter,
 * kept until it is redelivered, discarded or expired. Delivered ones are gone.
 */
export interface Outbox {
  /**
   * Accepts notifications, all or none, in this order, and answers those of which it knows where they are pending now; the
   * others are found by reading. One whose id is here already, pending or dead, is passed over. Answers undefined, and accepts none, when more would be pending then than
   * `room` allows. Throws when they cannot be made durable; nothing has changed then. Their ages are counted from `at`, or
   * from when each occurred.
   */
  append(notifications: readonly AcceptedNotification[], room?: Room, at?: number): PendingNotification[] | undefined;

  /** Pending ones accepted after position `after`, oldest first, at most `limit` of them. Positions start at 1. */
  readAfter(after: number, limit: number): PendingNotification[];

  /** The oldest pending one of a lane that was accepted after position `after`. */
  nextInLane(lane: string, after: number): PendingNotification | undefined;

  /**
   * Pending ones that wait for an instant up to `until`, soonest first and at the same instant oldest first: those that come
   * after `after` in that order, at most `limit` of them. What waits for nothing is not among them.
   */
  readDue(after: DuePlace, until: number, limit: number): PendingNotification[];

  /**
   * Settles attempts, all or none. It is the id that says which notification is meant, wherever that stands by now; a
   * settlement of one that is no longer pending changes nothing.
   */
  settle(settlements: readonly Settlement[]): void;

  counts(): OutboxCounts;

  /** Whether somebody else, another process, has changed the outbox since the last time this was asked. */
  hasForeignChanges(): boolean;

  /** Dead letters, newest first, at most `limit` of those that `query` describes. */
  listDead(query: DeadQuery): DeadLetter[];

  /** The one with this id, pending or dead; undefined when it is not here (any more). */
  find(id: string): StoredNotification | undefined;

  /** Makes a dead letter pending again: at the end of its lane, with its id and bytes and no attempts behind it. Answers how many. */
  redeliver(id: string, at: number): number;

  /** The same for the oldest dead letters, up to this position and at most `limit` of them, so that no call takes long. */
  redeliverOldest(upTo: number, limit: number, at: number): number;

  /** Removes a dead letter for good; answers whether there was one. */
  discard(id: string): boolean;

  /** Removes dead letters that died before this instant, at most `limit` of them; answers how many. */
  expireDead(before: number, limit: number): number;

  /** When the outbox was in use last, as far as it was noted: here, and by each `append` that said when. */
  lastUse(): Use;

  /** Notes a use that begins or goes on. */
  noteUse(use: Use): void;

  /** Grows when what was read or answered before is void, positions above all: whoever goes by them starts over. */
  readonly generation: number;

  /** What an outbox needs now and then, about once a second: to see that its file is still there, to return space. */
  maintain(): void;

  /** Gives everything back; an outbox that is closed already stays so. */
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

/** A notification as it is handed to the outbox. */
export interface AcceptedNotification {
  /** UUIDv7. */
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** The POST's body: its bytes, or the text that UTF-8 makes them of. */
  readonly body: string | Uint8Array;
  readonly traceparent: string | undefined;
}

/** Which dead letters to list. */
export interface DeadQuery {
  readonly limit: number;
  /** Only those that died before this position. */
  readonly before?: number | undefined;
  /** Only those with this text, in letters of any case, in their id, type, lane, status or reason. */
  readonly search?: string | undefined;
}

/** A notification as it lies in the outbox, whole. */
export type StoredNotification =
  | (PendingNotification & { readonly state: 'pending' })
  | (DeadLetter & Pick<PendingNotification, 'body' | 'traceparent'> & { readonly state: 'dead' });

/** A notification that waits for its delivery. */
export interface PendingNotification extends AcceptedNotification {
  readonly body: Uint8Array;
  /** Its place in the order of acceptance. */
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
  readonly id: string;
  /** Where it was read; where it is looked for first. */
  readonly position: number;
}

/** Why the CRM will not have it. */
export interface DeadReason {
  /** `rejected`: the CRM's final answer. `redirect`: it pointed elsewhere. `expired`: older than `maxAgeMs`. */
  readonly kind: 'rejected' | 'redirect' | 'expired';
  /** The last HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** In the CRM's words, scrubbed and at most 1024 characters long. */
  readonly detail: string;
}

/** A notification that the CRM will not take. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  readonly occurredAt: number;
  readonly diedAt: number;
  readonly attempts: number;
  readonly reason: DeadReason;
  /** Its place among the dead; give it as `before` to read on from here. */
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
