import type { SteadyClock } from '../core/steady-clock.js';
import type {
  AcceptedNotification,
  DeadFilter,
  DeadLetter,
  DeadQuery,
  Outbox,
  OutboxCounts,
  PendingNotification,
} from '../outbox/outbox.js';
import type { Acceptance } from './post-office.js';

/**
 * The contract of a store: where a post office keeps its notifications until their targets have them. It is asynchronous, so that
 * a server can be one as well as a file. A call rejects when the store cannot be asked now; to ask again is safe.
 */
export interface Store {
  /**
   * What delivery reads from and settles in while this process leads. Of a store on this machine it is all there is; of a server's
   * it is a window. Its `hasForeignChanges` says when there is something new to read.
   */
  readonly outbox: Outbox;
  /** Undefined when no other process can have the store. */
  readonly leader: DeliveryLeader | undefined;
  /** The clock of the instants that are stored. */
  readonly clock: SteadyClock;
  /** Accepts as much of a batch as there is room for, in order. */
  accept(batch: readonly AcceptedNotification[]): Promise<Accepted>;
  counts(): Promise<OutboxCounts>;
  /** How much of this machine's disk it takes, in bytes. */
  bytesOnDisk(): number;
  listDead(query: DeadQuery): Promise<readonly DeadLetter[]>;
  /** This and the next three resolve with how many dead letters they changed. `onPiece` returns whether to go on. */
  redeliver(id: string): Promise<number>;
  redeliverAll(filter: DeadFilter, onPiece: () => boolean): Promise<number>;
  discard(id: string): Promise<number>;
  discardAll(filter: DeadFilter, onPiece: () => boolean): Promise<number>;
  close(): Promise<void>;
}

/** What became of a batch. */
export interface Accepted {
  /** One for each entry of the batch; the same for all targets of a notification. */
  readonly acceptances: readonly Acceptance[];
  /** What was stored, as far as it is known where. */
  readonly pending: readonly PendingNotification[];
}

/** Which of the processes that share a store delivers from it: a lock on a file, or a lease in a database. */
export interface DeliveryLeader {
  /** Whether it is this process; it becomes that when it asks while no other is. Must not resolve to true after another may lead. */
  ask(): Promise<boolean>;
  /** Lets another lead. */
  resign(): Promise<void>;
}
