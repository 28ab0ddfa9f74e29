import type { Clock } from '../core/clock.js';
import type { Notifier } from '../notifier/notifier.js';
import type { NotifierEvents } from '../notifier/notifier-event.js';
import type { AttemptEntry, Latency, MinuteSeries, Pause } from './api-contract.js';

/** What the notifier's events have reported since the dashboard was mounted, in bounded memory. */
export interface Recorder {
  read(): Recorded;
}

export interface Recorded {
  readonly minutes: MinuteSeries;
  readonly latency: Latency;
  /** Newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** By the targets that are paused, once an event has said why. */
  readonly pauses: ReadonlyMap<string, Pause>;
  /** The code of the last `outboxError`. */
  readonly outboxCode: string | undefined;
  /** How many notifications have become dead letters. */
  readonly deadCount: number;
}

const maxAttemptEntries = 100;

type Attempt = Pick<AttemptEntry, 'id' | 'target' | 'type' | 'attempts' | 'durationMs' | 'endedAt'>;

/** Starts to record. Instants are those of `clock`. */
export function createRecorder(crm: Pick<Notifier, 'on'>, clock: Clock): Recorder {
  const minutes = createMinuteCounts();
  const durations = createAttemptDurations();
  const attempts: AttemptEntry[] = [];
  let attemptCount = 0;
  let deadCount = 0;
  const pauses = new Map<string, Pause>();
  let outboxCode: string | undefined;

  const record = (attempt: Attempt, outcome: AttemptEntry['outcome'], result: AttemptEntry['result']): void => {
    const { id, target, type, attempts: made, durationMs, endedAt } = attempt;
    attemptCount += 1;
    attempts.unshift({ number: attemptCount, endedAt, target, type, id, outcome, result, attempts: made, durationMs });
    if (attempts.length > maxAttemptEntries) attempts.pop();
    // How fast a connection is refused says nothing about how long the CRM takes.
    if (outcome !== 'unsent') durations.add(durationMs, endedAt);
  };

  /** The dashboard may have been mounted after the pause began; the next probe shows it as well. */
  const notePause = (target: string, cause: Pause['cause']): void => {
    if (!pauses.has(target)) pauses.set(target, { cause, since: clock.now() });
  };
  const noteUnreachable = ({
    target,
    circuit,
    code,
  }: Pick<NotifierEvents['retry'], 'target' | 'circuit' | 'code'>): void => {
    if (circuit === 'open' && code !== undefined) notePause(target, { kind: 'unreachable', code });
  };

  crm.on('accepted', () => {
    minutes.add('accepted', clock.now());
  });
  crm.on('delivered', (event) => {
    minutes.add('delivered', clock.now());
    record(event, 'delivered', event.status);
  });
  crm.on('retry', (event) => {
    const { status, code } = event;
    minutes.add('retried', clock.now());
    record(event, 'retry', status ?? code ?? null);
    noteUnreachable(event);
  });
  crm.on('unsent', (event) => {
    record(event, 'unsent', event.code);
    noteUnreachable(event);
  });
  crm.on('refused', (event) => {
    record(event, 'refused', event.status);
    // With a delay of its own it is this notification that is refused, and delivery goes on.
    if (event.delayMs === 0) notePause(event.target, causeOfRefusal(event.status));
  });
  crm.on('dead', (event) => {
    deadCount += 1;
    minutes.add('dead', clock.now());
    record(event, 'dead', event.reason.status ?? event.reason.kind);
  });
  crm.on('paused', ({ target, cause }) => {
    pauses.set(target, { cause, since: clock.now() });
  });
  crm.on('resumed', ({ target }) => {
    pauses.delete(target);
  });
  crm.on('outboxFailed', ({ error }) => {
    outboxCode = error.code;
  });

  return {
    read() {
      const now = clock.now();
      return { minutes: minutes.read(now), latency: durations.read(now), attempts, pauses, outboxCode, deadCount };
    },
  };
}

/** A 401 or 403 is about the token; other statuses are what a wrong URL gets. */
function causeOfRefusal(status: number): Pause['cause'] {
  return { kind: status === 401 || status === 403 ? 'unauthorised' : 'misdirected', status };
}

const minuteMs = 60_000;
const minuteCount = 60;

/** Counts per minute for the last 60 minutes, in a fixed amount of memory. */
interface MinuteCounts {
  add(what: Exclude<keyof MinuteSeries, 'startAt'>, at: number): void;
  /** The 60 minutes that end with the minute of `at`. */
  read(at: number): MinuteSeries;
}

function createMinuteCounts(): MinuteCounts {
  // Each slot is reused every 60 minutes and stores which minute it holds, so that the wall clock may jump either way.
  const minuteOfSlot = new Float64Array(minuteCount).fill(-1);
  const slots = {
    accepted: new Uint32Array(minuteCount),
    delivered: new Uint32Array(minuteCount),
    retried: new Uint32Array(minuteCount),
    dead: new Uint32Array(minuteCount),
  };

  return {
    add(what, at) {
      const minute = Math.floor(at / minuteMs);
      const slot = minute % minuteCount;
      if (minuteOfSlot[slot] !== minute) {
        minuteOfSlot[slot] = minute;
        for (const counts of Object.values(slots)) counts[slot] = 0;
      }
      slots[what][slot] = (slots[what][slot] ?? 0) + 1;
    },

    read(at) {
      const first = Math.floor(at / minuteMs) - minuteCount + 1;
      const seriesOf = (counts: Uint32Array): number[] =>
        Array.from({ length: minuteCount }, (_, index) => {
          const slot = (first + index) % minuteCount;
          return minuteOfSlot[slot] === first + index ? (counts[slot] ?? 0) : 0;
        });
      return {
        startAt: first * minuteMs,
        accepted: seriesOf(slots.accepted),
        delivered: seriesOf(slots.delivered),
        retried: seriesOf(slots.retried),
        dead: seriesOf(slots.dead),
      };
    },
  };
}

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
      const windowStart = now - minuteCount * minuteMs;
      const recent = durations.filter((_, index) => (ends[index] ?? -Infinity) > windowStart).sort();
      const percentile = (share: number): number | null =>
        recent[Math.max(0, Math.ceil(share * recent.length) - 1)] ?? null;
      return { count: recent.length, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99) };
    },
  };
}
