import type { TargetConfig } from '../client/target-settings.js';
import type { FormatPlan } from '../format/deliver-by-definition.js';
import type { FormatConfig } from '../format/format-settings.js';
import type { CircuitState } from '../delivery/circuit.js';
import type { DeliveryConfig } from '../delivery/delivery-settings.js';
import type {
  Changes,
  DeliveredFilter,
  DeliveredNotification,
  DeliveredQuery,
  HandPause,
  MinuteCounts,
  OutboxProcess,
  PauseChange,
  Timeline,
  TypeCounts,
  UnknownPauses,
} from '../history/history.js';
import type { ChangedLetters } from '../history/record-changes.js';
import type { TryResult } from '../history/try-unless-paused.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';
import type {
  AcceptedNotification,
  DeadFilter,
  DeadLetter,
  DeadQuery,
  DeadSummary,
  PendingCount,
  PendingEntry,
  PendingFilter,
  PendingQuery,
  StoredNotification,
} from '../outbox/outbox.js';
import type { PostgresOutbox } from '../outbox/postgres/postgres-outbox.js';

/**
 * The contract of a post office: outbox and delivery together, as one unit that can run in the app's thread or in its own. So
 * methods return promises, and everything that goes in or out is plain data.
 */
export interface PostOffice {
  /** Resolves once the outbox is open; rejects with `CRMConfigError` when it cannot be opened, and once it is closed. */
  ready(): Promise<void>;

  /**
   * Accepts a batch, in order. Resolves when the accepted ones are as durable as the outbox makes them. Never rejects:
   * the result has one entry for each notification.
   */
  accept(batch: readonly AcceptedNotification[]): Promise<readonly Acceptance[]>;

  /** Something may have been written into the outbox by the app itself, in its own transaction; `written` is what. */
  lookSoon(written: readonly WrittenNotification[]): void;

  stats(): Promise<PostOfficeStats>;

  /** The processes that share the outbox; undefined where that is not known. */
  processes(): Promise<readonly OutboxProcess[] | undefined>;

  /** What all of them have done since this instant, minute by minute; undefined where that is not known. */
  minutes(from: number): Promise<readonly MinuteCounts[] | undefined>;

  /** The same for each type; see `History`. */
  countsByType(from: number): Promise<readonly TypeCounts[] | undefined>;

  /** What people have done to dead letters since this instant; undefined where that is not known. */
  changes(from: number): Promise<Changes | undefined>;

  /**
   * Whether it has yet to report that its outbox is open, or that it cannot be opened: until then, silence does not mean that
   * anything is wrong. A thread that ends again and again, or hangs, no longer counts as starting.
   */
  isStarting(): boolean;

  /** What is known at once: delivered and dead since the start, and what is or may be pending. */
  lastKnown(): CloseReport;

  /** Resolves when nothing is due any more, or at the time limit. */
  flush(timeoutMs: number): Promise<CloseReport>;

  /** As `flush`, then stops and closes the outbox. What is pending stays there for the next start. */
  close(timeoutMs: number): Promise<CloseReport>;

  listPending(query: PendingQuery): Promise<readonly PendingEntry[]>;
  countPending(filter: PendingFilter): Promise<PendingCount>;
  listDead(query: DeadQuery): Promise<readonly DeadLetter[]>;
  summariseDead(filter: DeadFilter): Promise<DeadSummary>;
  /** What is stored of a notification, for each of its targets. */
  find(id: string): Promise<readonly StoredNotification[]>;
  /** What is known of a notification, for each of its targets. */
  timeline(id: string): Promise<Timeline>;
  countDelivered(filter: DeliveredFilter): Promise<number>;
  listDelivered(query: DeliveredQuery): Promise<readonly DeliveredNotification[]>;
  /** Tries a notification at once, if it is the first of its lane, and its target is not paused by hand. */
  tryNow(which: OneLetter): Promise<TryResult>;
  /** This and the next three resolve to how many dead letters they changed, even if a `close` cut them short. */
  redeliver(which: OneLetter): Promise<number>;
  redeliverAll(which: ChangedLetters): Promise<number>;
  discard(which: OneLetter): Promise<number>;
  discardAll(which: ChangedLetters): Promise<number>;

  /** Pauses delivery to a target or to all, or resumes it. Resolves to how many of its targets that changed. */
  changePause(change: Omit<PauseChange, 'at'>): Promise<number>;
}

/** What is known of a notification that the app itself has written. */
export type WrittenNotification = Pick<AcceptedNotification, 'target' | 'type'>;

/** The dead letters with an id: of one target, or of all. */
export interface OneLetter {
  readonly id: string;
  readonly target?: string | undefined;
  /** Who asks for the change. */
  readonly by?: string | undefined;
}

/**
 * Accepted, or why not: `full` when `maxPending` is reached, `closed` when nothing is accepted any more, `failed` when the
 * outbox cannot store it now but may later.
 */
export type Acceptance =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly reason: 'full' | 'closed' | 'failed'; readonly detail: string };

export const taken: Acceptance = { accepted: true };

export const closed = { accepted: false, reason: 'closed', detail: 'the notifier is closed' } as const;

/** The counts of one target; counters begin at the start of the post office, the others are current. */
export interface TargetStats {
  readonly delivered: number;
  /** Attempts that failed and are followed by another. */
  readonly retried: number;
  /** Attempts that were never sent, because there was no connection; they do not count as attempts. */
  readonly unsent: number;
  readonly pending: number;
  readonly pendingBytes: number;
  readonly inFlight: number;
  /** Dead letters that are kept. */
  readonly dead: number;
  /** How long ago the oldest pending notification was accepted, in milliseconds; 0 when none is pending. */
  readonly oldestAgeMs: number;
  readonly circuit: CircuitState;
  /** Who has paused it by hand, and since when; null if nobody, or that is not known. */
  readonly pausedByHand: HandPause | null;
}

/**
 * The counts of a post office: of all targets together, a notification for each of its targets, and of each one. Its `circuit` is
 * that of the worst.
 */
export interface PostOfficeStats extends Omit<TargetStats, 'pausedByHand'> {
  /** By their names. */
  readonly targets: Readonly<Record<string, TargetStats>>;
  /**
   * Why nothing is delivered though nobody may have paused it: what is paused by hand could never be read since the start, for this
   * reason. Null once it was read.
   */
  readonly pausesUnknown: UnknownPauses | null;
  /** The outbox's file and its log, in bytes; 0 for one in memory. */
  readonly outboxBytes: number;
  /** Whether this process is the one that delivers, of those that share the outbox. */
  readonly isDelivering: boolean;
  /** Whether the outbox could be read; if not, the counts of what it holds are 0 here, and unknown. */
  readonly isOutboxReadable: boolean;
}

/** The result of a `flush` or a `close`. */
export interface CloseReport {
  /** Delivered since the call. */
  readonly delivered: number;
  /** Still in the outbox. */
  readonly pending: number;
  /** Turned into dead letters since the call. */
  readonly dead: number;
}

/** Where a post office delivers, and how: a target without the options that may be functions. */
export interface TargetPlan extends Omit<TargetConfig, 'authToken' | 'dispatcher'> {
  readonly name: string;
  /** Undefined for this package's own. */
  readonly format: FormatPlan | undefined;
  /** Undefined if attempts are not signed. */
  readonly signing: FormatConfig['signing'];
  readonly delivery: DeliveryConfig;
}

/** The settings of a post office: plain data, so that they can be sent to a thread. */
export interface PostOfficeSettings {
  /** One at least. */
  readonly targets: readonly TargetPlan[];
  readonly outbox: OutboxConfig;
  readonly place: OutboxPlace;
}

/** Where an outbox is: in memory, in a file that is prepared and claimed, or on a server. */
export type OutboxPlace =
  { readonly kind: 'memory' } | { readonly kind: 'file'; readonly file: string } | PostgresOutbox;
