import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { Notifier } from '../notifier/notifier.js';
import type { AttemptEntry, Latency } from './api-contract.js';
import { createRejectionCounts, type Rejections } from './rejections.js';

/** What the events of this process have shown since the dashboard was mounted, in bounded memory. */
export interface Recorder {
  read(): Recorded;
}

export interface Recorded {
  readonly session: string;
  readonly latency: Latency;
  /** Newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** The code of the last `outboxError`. */
  readonly outboxCode: string | undefined;
  /** How many notifications have become dead letters. */
  readonly deadCount: number;
  readonly rejections: Rejections;
}

const maxAttemptEntries = 100;

type Attempt = Pick<AttemptEntry, 'id' | 'target' | 'type' | 'attempts' | 'durationMs' | 'endedAt'>;

/** Starts to record. Instants are those of `clock`. */
export function createRecorder(crm: Pick<Notifier, 'on'>, clock: Clock): Recorder {
  const session = randomUUID();
  const durations = createAttemptDurations();
  const rejections = createRejectionCounts();
  const attempts: AttemptEntry[] = [];
  let attemptCount = 0;
  let deadCount = 0;
  let outboxCode: string | undefined;

  const record = (attempt: Attempt, outcome: AttemptEntry['outcome'], result: AttemptEntry['result']): void => {
    const { id, target, type, attempts: made, durationMs, endedAt } = attempt;
    attemptCount += 1;
    const [latest] = attempts;
    const isSameProbe =
      outcome === 'unsent' &&
      latest?.outcome === outcome &&
      latest.id === id &&
      latest.target === target &&
      latest.result === result;
    const firstNumber = isSameProbe ? latest.firstNumber : attemptCount;
    if (isSameProbe) attempts.shift();
    const about = { endedAt, target, type, id, outcome, result, attempts: made, durationMs };
    attempts.unshift({ number: attemptCount, firstNumber, ...about });
    if (attempts.length > maxAttemptEntries) attempts.pop();
    // How fast a connection is refused says nothing about how long the CRM takes.
    if (outcome !== 'unsent') durations.add(durationMs, endedAt);
  };

  crm.on('delivered', (event) => {
    record(event, 'delivered', event.status);
  });
  crm.on('retry', (event) => {
    record(event, 'retry', event.status ?? event.code ?? null);
  });
  crm.on('unsent', (event) => {
    record(event, 'unsent', event.code);
  });
  crm.on('refused', (event) => {
    record(event, 'refused', event.status);
  });
  crm.on('dead', (event) => {
    deadCount += 1;
    record(event, 'dead', event.reason.status ?? event.reason.kind);
  });
  crm.on('rejected', ({ error }) => {
    rejections.add(error, clock.now());
  });
  crm.on('outboxFailed', ({ error }) => {
    outboxCode = error.code;
  });

  return {
    read() {
      const now = clock.now();
      const about = { latency: durations.read(now), rejections: rejections.read(now) };
      return { session, ...about, attempts, outboxCode, deadCount };
    },
  };
}

const hourMs = 3_600_000;

/** Enough for a 99th percentile, and few enough to sort on the app's thread. */
export const maxDurationCount = 2_000;

/** The durations of the last 2,000 attempts, in a fixed amount of memory. */
interface AttemptDurations {
  add(durationMs: number, endedAt: number): void;
  /** Percentiles of the last 60 minutes, exact, by nearest rank. */
  read(now: number): Latency;
}

export function createAttemptDurations(): AttemptDurations {
  const durations = new Float64Array(maxDurationCount);
  const ends = new Float64Array(maxDurationCount).fill(-Infinity);
  let next = 0;

  return {
    add(durationMs, endedAt) {
      durations[next] = durationMs;
      ends[next] = endedAt;
      next = (next + 1) % maxDurationCount;
    },

    read(now) {
      const windowStart = now - hourMs;
      const recent = durations.filter((_, index) => (ends[index] ?? -Infinity) > windowStart).sort();
      const percentile = (share: number): number | null =>
        recent[Math.max(0, Math.ceil(share * recent.length) - 1)] ?? null;
      return { count: recent.length, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99) };
    },
  };
}
