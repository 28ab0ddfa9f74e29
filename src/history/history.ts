import type { CircuitState } from '../delivery/circuit.js';
import type { PauseCause } from '../delivery/pause-reports.js';
import type {
  Changes,
  DeliveredFilter,
  DeliveredNotification,
  DeliveredQuery,
  KeptTimeline,
  TimelineEntry,
} from './timeline-entry.js';

export * from './timeline-entry.js';

/**
 * The contract of a history: what the processes that share an outbox report of themselves and of what they have done, so that each
 * of them can show the whole. It is kept beside the outbox and bounded. What is lost of it is never a notification, so a
 * failure of it holds up nothing.
 *
 * Every call rejects when the history cannot be used; calling again is safe.
 */
export interface History {
  /** Adds what a process reports, and drops what is too old. */
  report(report: HistoryReport): Promise<void>;
  /** The processes that were there a moment ago, in the order of their start. */
  processes(): Promise<readonly OutboxProcess[]>;
  /** The counts of all processes from this instant on, oldest first; without minutes in which nothing happened. */
  minutes(from: number): Promise<readonly MinuteCounts[]>;
  /** The counts of all processes for each type and target from this instant on; see `TypeCounts`. The most accepted first. */
  countsByType(from: number): Promise<readonly TypeCounts[]>;
  /** The latest change by hand of each target, and of all targets at once, in the order in which they were made. */
  pauseChanges(): Promise<readonly PauseChange[]>;
  /**
   * Keeps a change made now, in place of the earlier one of the same target or of all, unless it makes no difference. Resolves to
   * what was kept before, and is now.
   */
  changePause(change: Omit<PauseChange, 'at'>): Promise<ChangedPauses>;
  /** Adds what happened to notifications, as `report` does. */
  record(entries: readonly TimelineEntry[]): Promise<void>;
  /** What is kept of a notification; of what concerns all of them, what happened from this instant on. */
  timeline(id: string, from: number): Promise<KeptTimeline>;
  /** What people have done from this instant on, as far as it is kept. */
  changes(from: number): Promise<Changes>;
  /** Delivered notifications that are kept and match, newest first, at most `limit` of them. */
  listDelivered(query: DeliveredQuery): Promise<readonly DeliveredNotification[]>;
  /** How many delivered notifications are kept and match. */
  countDelivered(filter: DeliveredFilter): Promise<number>;
  /** Takes this process off the list. */
  close(): Promise<void>;
}

/** What a process reports at once. */
export interface HistoryReport {
  readonly process: OwnReport;
  /** What to add to the counts. */
  readonly minutes: readonly MinuteCounts[];
  /** What happened to notifications, oldest first. */
  readonly entries: readonly TimelineEntry[];
  readonly delivered: readonly NewlyDelivered[];
  /** The same, for each type. */
  readonly types: readonly TypeMinute[];
}

export type NewlyDelivered = Omit<DeliveredNotification, 'position'>;

/** What a process reports of itself. */
export interface OwnReport extends Pick<OutboxProcess, 'targets'> {
  /** Milliseconds since 1970, as the next. */
  readonly startedAt: number;
  /** Since when it is the one that delivers; null if it is not. */
  readonly leadsSince: number | null;
}

/** A process that uses an outbox. Instants are in milliseconds since 1970. */
export interface OutboxProcess {
  /** UUID. */
  readonly id: string;
  /** The name of its machine. */
  readonly name: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly seenAt: number;
  /** Whether it is the one that delivers. */
  readonly isLeader: boolean;
  /** What it knows of the targets, by their names; empty unless it delivers. */
  readonly targets: Readonly<Record<string, TargetReport>>;
}

/** How delivery to a target goes. */
export interface TargetReport {
  readonly circuit: CircuitState;
  /** Why it is paused, and since when; null if it is not, or nobody knows yet. */
  readonly pause: Pause | null;
}

/** Why delivery to a target is paused, and since when, in milliseconds since 1970. */
export interface Pause {
  readonly cause: PauseCause | ByHand | PausesUnknown;
  readonly since: number;
}

/** Somebody has paused it, and delivery goes on when somebody resumes it. */
export interface ByHand {
  readonly kind: 'byHand';
  /** Who it was, as given; null if that is not known. */
  readonly by: string | null;
}

/** It cannot be read what is paused by hand, so nothing starts. */
export interface PausesUnknown {
  readonly kind: 'pausesUnknown';
  /** Why, and what to do. */
  readonly reason: string;
}

/** Why it cannot be read what is paused by hand, and since when that is so, in milliseconds since 1970. */
export interface UnknownPauses extends Pick<PausesUnknown, 'reason'> {
  readonly since: number;
}

/** That delivery is paused by hand: by whom, and since when, in milliseconds since 1970. */
export interface HandPause extends Pick<ByHand, 'by'> {
  readonly since: number;
}

/** Somebody has paused delivery, or resumed it. */
export interface PauseChange extends Pick<ByHand, 'by'> {
  /** Null for all, also those that are configured later. */
  readonly target: string | null;
  readonly isPaused: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The latest changes by hand before one was made, and after it: each of them as of `pauseChanges`. */
export interface ChangedPauses {
  readonly before: readonly PauseChange[];
  readonly after: readonly PauseChange[];
}

/** What happened in one minute. */
export interface MinuteCounts {
  /** When it began, in milliseconds since 1970. */
  readonly startAt: number;
  readonly target: string;
  readonly accepted: number;
  readonly delivered: number;
  /** Attempts that failed and are followed by another. */
  readonly retried: number;
  /** Notifications that became dead letters. */
  readonly dead: number;
}

/** What happened to the notifications of one type for one target. */
export interface TypeCounts extends Omit<MinuteCounts, 'startAt'> {
  /** `furtherTypes` for all that found no room. */
  readonly type: string;
}

/** What happened to the notifications of one type in one minute. */
export interface TypeMinute extends MinuteCounts, TypeCounts {}

/** The name under which all types are counted that are more than `maxTypes` in a step. */
export const furtherTypes = '(further types)';

/** How many types of a target are counted by name in one step. */
export const maxTypes = 100;

/** What is counted. */
export const countNames = [
  'accepted',
  'delivered',
  'retried',
  'dead',
] as const satisfies readonly (keyof MinuteCounts)[];

/** A process that did not report for so long is gone, in milliseconds; each reports every few seconds. */
export const goneAfterMs = 15_000;

/** How long counts are kept, in milliseconds: a week, and the day that it began on. */
export const minutesKeptMs = 8 * 24 * 3_600_000;
