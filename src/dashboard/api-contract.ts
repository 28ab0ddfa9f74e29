import type { Stats } from '../notifier/notifier.js';
import type { NotifierEvents } from '../notifier/notifier-event.js';
import type { DeadLetter } from '../outbox/outbox.js';

/** What the page asks and the server answers, as JSON. Ids, types, lanes, codes and numbers only; no bodies. */

/** `GET api/overview`. */
export interface Overview {
  /** When it was put together, by the server's clock. */
  readonly at: number;
  readonly health: Health;
  /** As `crm.stats()` answered: counters since the notifier's start, and what the outbox holds now. */
  readonly stats: Stats;
  readonly pause: Pause | null;
  readonly minutes: MinuteSeries;
  readonly latency: Latency;
  /** Newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** Differs when the list of dead letters may have changed. */
  readonly deadRevision: string;
}

export interface Health {
  readonly level: 'fine' | 'attention' | 'failing';
  readonly code:
    'fine' | 'outbox-unreadable' | 'unsaved' | 'token-refused' | 'crm-unreachable' | 'dead-letters' | 'old-backlog';
  /** A few words, for the document's title. */
  readonly title: string;
  /** Why, in one sentence. */
  readonly sentence: string;
}

/** Why delivery waits, and since when. */
export interface Pause {
  readonly cause: NotifierEvents['paused']['cause'];
  readonly since: number;
}

/** How often it happened in each of the last 60 minutes, oldest first; what happened before the mount is not known. */
export interface MinuteSeries {
  /** When the first of these minutes began. */
  readonly startAt: number;
  readonly accepted: readonly number[];
  readonly delivered: readonly number[];
  readonly retried: readonly number[];
  readonly dead: readonly number[];
}

/** How long attempts took, in milliseconds; null while there was none. */
export interface Latency {
  /** Of so many attempts. */
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface AttemptEntry {
  /** Counted from the mount on. */
  readonly number: number;
  readonly endedAt: number;
  readonly type: string;
  readonly id: string;
  /** `unsent`: there was no connection, so it was no attempt. `refused`: the CRM refused the token. */
  readonly outcome: 'delivered' | 'retry' | 'unsent' | 'refused' | 'dead';
  /** The HTTP status, or else what is known instead of it; null when it is neither. */
  readonly result: number | string | null;
  readonly attempts: number;
  readonly durationMs: number;
}

/** `GET api/dead-letters?limit&before&search`. */
export interface DeadLetterPage {
  /** Newest first. */
  readonly letters: readonly DeadLetter[];
  /** What to give as `before` for older ones; null when there are none. */
  readonly older: number | null;
}

/** `POST api/dead-letters/:id/redeliver` and `POST api/dead-letters/redeliver-all`: how many are pending again. */
export interface Redelivered {
  readonly redelivered: number;
}

/** `POST api/dead-letters/:id/discard`. */
export interface Discarded {
  readonly discarded: number;
}

/** What comes with every status from 400 on. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}
