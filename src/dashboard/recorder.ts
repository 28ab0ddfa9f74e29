import type { Clock } from '../core/clock.js';
import type { Notifier } from '../notifier/notifier.js';
import type { NotifierEvents } from '../notifier/notifier-event.js';
import type { AttemptEntry, Latency, MinuteSeries, Pause } from './api-contract.js';
import { createAttemptDurations } from './attempt-durations.js';
import { createMinuteCounts } from './minute-counts.js';

/** Remembers what the notifier told since the dashboard was mounted, in bounded memory. */
export interface Recorder {
  read(): Recorded;
}

export interface Recorded {
  readonly minutes: MinuteSeries;
  readonly latency: Latency;
  /** Newest first. */
  readonly attempts: readonly AttemptEntry[];
  /** Undefined while delivery does not wait, and while nothing has told why it does. */
  readonly pause: Pause | undefined;
  /** The code of the outbox's last trouble. */
  readonly outboxCode: string | undefined;
  /** How many died. */
  readonly deadCount: number;
}

const maxAttemptEntries = 100;

type Attempt = Pick<AttemptEntry, 'id' | 'type' | 'attempts' | 'durationMs' | 'endedAt'>;

export function createRecorder(crm: Pick<Notifier, 'on'>, clock: Clock): Recorder {
  const minutes = createMinuteCounts();
  const durations = createAttemptDurations();
  const attempts: AttemptEntry[] = [];
  let attemptCount = 0;
  let deadCount = 0;
  let pause: Pause | undefined;
  let outboxCode: string | undefined;

  const record = (attempt: Attempt, outcome: AttemptEntry['outcome'], result: AttemptEntry['result']): void => {
    const { id, type, attempts: made, durationMs, endedAt } = attempt;
    attemptCount += 1;
    attempts.unshift({ number: attemptCount, endedAt, type, id, outcome, result, attempts: made, durationMs });
    if (attempts.length > maxAttemptEntries) attempts.pop();
    // A connection that was refused says nothing of how long the CRM takes.
    if (outcome !== 'unsent') durations.add(durationMs, endedAt);
  };

  /** The dashboard may have been mounted after the pause began; the next probe shows it as well. */
  const notePause = ({ circuit, code }: Pick<NotifierEvents['retry'], 'circuit' | 'code'>): void => {
    if (circuit === 'open' && code !== undefined)
      pause ??= { cause: { kind: 'unreachable', code }, since: clock.now() };
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
    notePause(event);
  });
  crm.on('unsent', (event) => {
    record(event, 'unsent', event.code);
    notePause(event);
  });
  crm.on('refused', (event) => {
    record(event, 'refused', event.status);
    // With a delay of its own it is this notification that is refused, and delivery goes on.
    if (event.delayMs === 0) pause ??= { cause: { kind: 'unauthorised', status: event.status }, since: clock.now() };
  });
  crm.on('dead', (event) => {
    deadCount += 1;
    minutes.add('dead', clock.now());
    record(event, 'dead', event.reason.status ?? event.reason.kind);
  });
  crm.on('paused', ({ cause }) => {
    pause = { cause, since: clock.now() };
  });
  crm.on('resumed', () => {
    pause = undefined;
  });
  crm.on('outboxFailed', ({ error }) => {
    outboxCode = error.code;
  });

  return {
    read() {
      const now = clock.now();
      return { minutes: minutes.read(now), latency: durations.read(now), attempts, pause, outboxCode, deadCount };
    },
  };
}
