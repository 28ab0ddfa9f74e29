import type { Stats } from '../notifier/notifier.js';
import type { NotifierEvents } from '../notifier/notifier-event.js';
import type { DeadLetter } from '../outbox/outbox.js';

// The API between the page and the server, as JSON. It has ids, types, lanes, codes and numbers, but no bodies.

/** `GET api/overview`. */
export interface Overview {
  /** When it was read, by the server's clock. */
  readonly at: number;
  readonly health: Health;
  /** The result of `crm.stats()`: counters since the notifier started, and what the outbox holds now. */
  readonly stats: Stats;
  /** In the order of the configuration. */
  readonly targets: readonly TargetEntry[];
  readonly minutes: MinuteSeries;
  readonly latency: Latency;
  /** Newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** Those that share the outbox, in the order of their start; null where that is not known, as for a file. */
  readonly processes: readonly ProcessEntry[] | null;
  /** Changes when the list of dead letters may have changed. */
  readonly deadRevision: string;
}

export interface Health {
  readonly level: 'fine' | 'attention' | 'failing';
  readonly code:
    | 'fine'
    | 'outbox-unreadable'
    | 'unsaved'
    | 'token-refused'
    | 'misdirected'
    | 'crm-unreachable'
    | 'dead-letters'
    | 'old-backlog';
  /** A few words for the document's title. */
  readonly title: string;
  /** The reason, in one sentence. */
  readonly sentence: string;
}

/** Why delivery to a target is paused, and since when. */
export interface Pause {
  readonly cause: NotifierEvents['paused']['cause'];
  readonly since: number;
}

/** Where notifications are delivered, and how that goes: counters since the notifier started, and what is held now. */
export interface TargetEntry extends Pick<
  Stats['targets'][string],
  'delivered' | 'retried' | 'pending' | 'dead' | 'oldestAgeMs' | 'circuit'
> {
  readonly name: string;
  /** Null while delivery to it is not paused. */
  readonly pause: Pause | null;
}

/** Counts for each of the last 60 minutes, oldest first. Minutes before the mount count 0. */
export interface MinuteSeries {
  /** The start of the first minute. */
  readonly startAt: number;
  readonly accepted: readonly number[];
  readonly delivered: readonly number[];
  readonly retried: readonly number[];
  readonly dead: readonly number[];
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
  /** Counts up from 1 since the mount. */
  readonly number: number;
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
  /** The name of its machine. */
  readonly name: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Whether it is the one that delivers. */
  readonly isLeader: boolean;
}

/** `GET api/dead-letters?limit&before&search`. */
export interface DeadLetterPage {
  /** Newest first. */
  readonly letters: readonly DeadLetter[];
  /** Pass it as `before` to read older ones; null if there are none. */
  readonly older: number | null;
}

/** `POST api/dead-letters/:id/redeliver?target` and `POST api/dead-letters/redeliver-all`: how many are pending again. */
export interface Redelivered {
  readonly redelivered: number;
}

/** `POST api/dead-letters/:id/discard?target`. */
export interface Discarded {
  readonly discarded: number;
}

/** The body of every response with a status of 400 or above. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}
