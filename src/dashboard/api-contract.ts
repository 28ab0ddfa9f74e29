import type { NotificationRequest, Stats } from '../notifier/notifier.js';
import type { Changes, DeliveredNotification, MinuteCounts, Pause, Timeline, TypeCounts } from '../history/history.js';
import type { DeadLetter, PendingEntry, StoredNotification } from '../outbox/outbox.js';

// The API between the page and the server, as JSON. It has ids, types, lanes, codes and numbers, but no bodies.

/** `GET api/overview?range&after`. With `after=session:number` it has only the attempts after that one. */
export interface Overview {
  /** When its reading began, by the server's clock. */
  readonly at: number;
  readonly health: Health;
  /** The result of `crm.stats()`: counters since the notifier started, and what the outbox holds now. */
  readonly stats: Stats;
  readonly deliveredBy: DeliveredBy;
  /** In the order of the configuration. */
  readonly targets: readonly TargetEntry[];
  /** Of all processes; null while they cannot be read. */
  readonly counts: CountSeries | null;
  /** The same for each type and target; null while they cannot be read. */
  readonly byType: ByType | null;
  /** What people have done since the start of the series; null if that cannot be read. */
  readonly changes: Changes | null;
  /** Of this process. */
  readonly latency: Latency;
  /** Identifies this mount of the dashboard: another one counts its attempts anew. */
  readonly session: string;
  /** Of this process, newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** Those that share the outbox, in the order of their start; null while they cannot be read. */
  readonly processes: readonly ProcessEntry[] | null;
  /** Changes when the list of dead letters may have changed. */
  readonly deadRevision: string;
  /** Whether who asks for it may change something. */
  readonly mayChange: boolean;
}

/** What is the same for all who ask. */
export type SharedOverview = Omit<Overview, 'mayChange'>;

/** The most urgent problem, or that there is none. */
export interface Health extends Omit<Problem, 'level' | 'code'> {
  /** That of the gravest problem. */
  readonly level: 'fine' | 'attention' | 'failing';
  readonly code: 'fine' | Problem['code'];
  /** What else is wrong, the most urgent first. */
  readonly others: readonly Problem[];
}

/** Something that is not well. */
export interface Problem {
  readonly level: 'attention' | 'failing';
  readonly code:
    | 'outbox-unreadable'
    | 'unsaved'
    | 'nobody-delivers'
    | 'target-neglected'
    | 'unknown'
    | 'pauses-unknown'
    | 'paused-by-hand'
    | 'token-refused'
    | 'misdirected'
    | 'crm-unreachable'
    | 'dead-letters'
    | 'not-accepted'
    | 'old-backlog';
  /** A few words for the document's title. */
  readonly title: string;
  /** The reason, in a sentence or two. */
  readonly sentence: string;
  /** What `{instant}` in the sentence stands for, in milliseconds since 1970. The page writes it in its own time zone. */
  readonly instant?: number;
}

/** Which process delivers, as far as this one can see. */
export type DeliveredBy = 'this process' | 'another process' | 'nobody' | 'unknown';

/** Where notifications are delivered, how that goes, and what is held now. */
export interface TargetEntry extends Pick<Stats['targets'][string], 'pending' | 'dead' | 'oldestAgeMs'> {
  readonly name: string;
  /** What all processes did since the start of the series; null while that cannot be read. */
  readonly inRange: Pick<MinuteCounts, 'delivered' | 'retried'> | null;
  /** Null if this process cannot know. */
  readonly circuit: Stats['circuit'] | null;
  /** Null while delivery to it is not paused. */
  readonly pause: Pause | null;
}

/** How far back the counts go. */
export type Range = 'hour' | 'day' | 'week';

/** What all processes did, in steps of equal length, oldest first; the last step is the present one. */
export interface CountSeries {
  readonly range: Range;
  /** The start of the first step. */
  readonly startAt: number;
  readonly stepMs: number;
  readonly accepted: readonly number[];
  readonly delivered: readonly number[];
  readonly retried: readonly number[];
  readonly dead: readonly number[];
}

/** What all processes did since the start of the series, added up for each type and target. */
export interface ByType {
  /** The most accepted first: 50 at most. */
  readonly counts: readonly TypeCounts[];
  /** How many there are. */
  readonly count: number;
}

/** How long attempts took, in milliseconds; null if there was none. */
export interface Latency {
  /** The number of attempts behind the percentiles. */
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface AttemptEntry {
  /** Counts up from 1 since the mount. Probes of one notification that all fail alike are one entry, with the latest number. */
  readonly number: number;
  /** The number of the first of them. */
  readonly firstNumber: number;
  readonly endedAt: number;
  readonly target: string;
  readonly type: string;
  readonly id: string;
  /** `unsent`: no connection, so not an attempt. `refused`: the CRM refused the token. */
  readonly outcome: 'delivered' | 'retry' | 'unsent' | 'refused' | 'dead';
  /** The HTTP status; without a response, the error code or the reason; null if there is none. */
  readonly result: number | string | null;
  readonly attempts: number;
  readonly durationMs: number;
}

/** A process that shares the outbox. */
export interface ProcessEntry {
  /** Whether it is the one that serves this overview. */
  readonly isThis: boolean;
  /** The name of its machine. */
  readonly name: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Whether it is the one that delivers. */
  readonly isLeader: boolean;
}

/** `GET api/notifications/:id`: what is known of it. */
export interface NotificationView {
  /** What the outbox holds of it, for each target; empty once it is delivered or discarded. */
  readonly entries: readonly DistributiveOmit<StoredNotification, 'body' | 'traceparent'>[];
  readonly timeline: Timeline;
  /** How it is posted to each target that it waits or is dead for. */
  readonly requests: readonly Omit<NotificationRequest, 'body'>[];
  /** Whether its bodies may be shown to this user. */
  readonly hasBodies: boolean;
}

/**
 * `GET api/notifications/:id/body?target`: its body with each value replaced. `POST` to the same: as it is, which the log says. Both
 * only where the option `showBodies` lets them.
 */
export interface NotificationBody {
  readonly body: string;
}

/** `POST api/notifications/:id/try-now?target`: for how many targets it is tried. */
export interface TriedNow {
  readonly tried: number;
}

/** `GET api/delivered/count`, with the filters of `GET api/delivered`. */
export interface DeliveredCount {
  readonly count: number;
}

/** `GET api/delivered?limit&before`, with filters: `search`, `target`, `type`, `lane`, `from`, `to`. */
export interface DeliveredPage {
  /** Newest first. */
  readonly delivered: readonly DeliveredNotification[];
  /** Pass it as `before` to read older ones; null if there are none. */
  readonly older: number | null;
}

/** `Omit` for each member of a union. */
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/**
 * `GET api/dead-letters?limit&before`, with filters: `search`, `target`, `type`, `lane`, `reason`, `status`, `from`, `to`.
 * `GET api/dead-letters/summary` takes the same filters and returns a `DeadSummary`.
 */
export interface DeadLetterPage {
  /** Newest first. */
  readonly letters: readonly DeadLetter[];
  /** Pass it as `before` to read older ones; null if there are none. */
  readonly older: number | null;
}

/**
 * `GET api/pending?limit&after`, with filters: `search`, `target`, `type`, `lane`, `attempts`, `from`, `to`.
 * `GET api/pending/count` takes the same filters and returns a `PendingCount`.
 */
export interface PendingPage {
  /** Each target's oldest first. */
  readonly entries: readonly Omit<PendingEntry, 'traceparent'>[];
  /** Pass it as `after` to read later ones; null if there are none. */
  readonly next: number | null;
}

/**
 * `POST api/dead-letters/:id/redeliver?target`, `POST api/dead-letters/redeliver-all` with filters, and
 * `POST api/dead-letters/redeliver-selected` with filters and `{ ids }` as its body: how many are pending again.
 */
export interface Redelivered {
  readonly redelivered: number;
  /** When it was done, by the server's clock: what is pending in an overview of an earlier instant says nothing of it. */
  readonly at: number;
}

/** The same with `discard`, `discard-all` and `discard-selected`. */
export interface Discarded {
  readonly discarded: number;
}

/** `POST api/dead-letters/keys-of-selected` with filters and `{ ids }` as its body: those that match and are still dead. */
export interface SelectedKeys {
  readonly letters: readonly Pick<DeadLetter, 'id' | 'target'>[];
}

/** `POST api/pause?target` and `POST api/resume?target`, of one target or of all: how many were changed. */
export interface PauseChanged {
  readonly changed: number;
  /** When it was done, by the server's clock: an overview of an earlier instant does not have it. */
  readonly at: number;
}

/** The body of every response with a status of 400 or above. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}
