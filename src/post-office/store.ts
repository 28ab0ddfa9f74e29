import type { SteadyClock } from '../core/steady-clock.js';
import type { KnownUrl } from '../delivery/target-trust.js';
import type { History } from '../history/history.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import type {
  AcceptedNotification,
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
} from '../outbox/outbox.js';
import type { AllDeadLetters } from '../outbox/outbox-access.js';
import type { Acceptance } from './post-office.js';

/**
 * The contract of a store: where a post office keeps its notifications until they are delivered. It is asynchronous, so that a
 * server can be one as well as a file. A call rejects when the store cannot be used now; calling again is safe.
 */
export interface Store {
  /**
   * What delivery reads from and settles in while this process leads. For a store on this machine it holds everything; for a
   * server's it is a window. Its `hasForeignChanges` shows when there is something new to read.
   */
  readonly outbox: DeliveryOutbox;
  /** Undefined when no other process can have the store. */
  readonly leader: DeliveryLeader | undefined;
  /** The clock of the instants that are stored. */
  readonly clock: SteadyClock;
  /** Accepts as much of a batch as there is room for, in order. */
  accept(batch: readonly AcceptedNotification[]): Promise<Accepted>;
  /** Something may have been written for it elsewhere, in the app's own transaction. */
  lookSoon(): void;
  /**
   * Reads on from a server, for the targets that are not paused. Resolves to whether that found anything, or there is more than
   * the window holds; false where everything is here.
   */
  readOn(isPaused: (target: string) => boolean): Promise<boolean>;
  /** The counts of one target, or of all. */
  counts(target?: string): Promise<OutboxCounts>;
  /** The targets of what it holds, and perhaps of what it has held, in no particular order. */
  targets(): Promise<readonly string[]>;
  /** What the processes that share it report; undefined where this process may not know. */
  readonly history: History | undefined;
  /** How much of this machine's disk it uses, in bytes. */
  bytesOnDisk(): number;
  /** Whether a target has ever judged a notification at this URL, and a way to remember that. */
  knownUrl(url: string): KnownUrl;
  listPending(query: PendingQuery): Promise<readonly PendingEntry[]>;
  countPending(filter: PendingFilter): Promise<PendingCount>;
  listDead(query: DeadQuery): Promise<readonly DeadLetter[]>;
  summariseDead(filter: DeadFilter): Promise<DeadSummary>;
  find(id: string, target?: string): Promise<readonly StoredNotification[]>;
  /** What is pending in a target's lane before and after the entry at this position. */
  placeInLane(target: string, lane: string, position: number): Promise<LanePlace>;
  /** As `OutboxAccess.tryNow`. */
  tryNow(id: string, target?: string): Promise<number>;
  /** This and the next three resolve to how many dead letters they changed. `onPiece` returns whether to continue. */
  redeliver(id: string, target?: string): Promise<number>;
  redeliverAll(which: AllDeadLetters, onPiece: () => boolean): Promise<number>;
  discard(id: string, target?: string): Promise<number>;
  discardAll(which: AllDeadLetters, onPiece: () => boolean): Promise<number>;
  close(): Promise<void>;
}

/** The result of accepting a batch. */
export interface Accepted {
  /** One for each entry of the batch; the same for all targets of a notification. */
  readonly acceptances: readonly Acceptance[];
  /** What was stored, as far as its positions are known. */
  readonly pending: readonly PendingNotification[];
}

/** Decides which of the processes that share a store delivers from it: a lock on a file, or a lease in a database. */
export interface DeliveryLeader {
  /** Makes this process lead if no other does; resolves to whether it leads. Must not be true once another may lead. */
  tryToLead(): Promise<boolean>;
  /** Whether this process leads at this very moment, even if it was just stopped for a while. */
  isLeading(): boolean;
  /** Lets another process lead. */
  resign(): Promise<void>;
}
