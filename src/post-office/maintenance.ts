import type { Clock } from '../core/clock.js';
import { durationText } from '../core/duration-text.js';
import type { SteadyClock } from '../core/steady-clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Logger } from '../telemetry/logger.js';
import type { FailureReporter } from './opening.js';

export interface MaintenanceOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly deadRetentionMs: number;
  readonly logger: Pick<Logger, 'warn'>;
  readonly failures: FailureReporter;
}

const maintainEveryMs = 1_000;
const expireEveryMs = 3_600_000;
/** A kill loses at most this much of the recorded use. */
const noteEveryMs = 60_000;
/** A transaction with this many takes a few milliseconds. */
const expireAtOnce = 500;
/** When it is this far ahead, the wall clock is wrong, or the app has not run for long. */
const minLeapToWarnMs = 60_000;

/** Maintains an outbox from now on: its file every second, its oldest dead letters every hour. Returns what stops it. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { outbox, clock, steady, deadRetentionMs, logger, failures } = options;
  let cancel: (() => void) | undefined;
  let expiredAtMs = -Infinity;
  let notedAtMs = -Infinity;
  let hasWarned = false;

  const expire = (): void => {
    if (clock.monotonicMs() - expiredAtMs < expireEveryMs) return;
    // If there are more, the rest follows a second later.
    if (outbox.expireDead(steady.now() - deadRetentionMs, expireAtOnce) === expireAtOnce) return;
    expiredAtMs = clock.monotonicMs();
  };

  const from = steady.trustedFrom;
  const noteUse = (): void => {
    if (clock.monotonicMs() - notedAtMs < noteEveryMs) return;
    notedAtMs = clock.monotonicMs();
    outbox.noteUse({ from, to: steady.now() });
  };

  const warnOfLeap = (): void => {
    const leapMs = steady.leapMs();
    if (leapMs < minLeapToWarnMs) hasWarned = false;
    if (leapMs < minLeapToWarnMs || hasWarned) return;
    hasWarned = true;
    const { pending, dead } = outbox.counts();
    if (pending + dead === 0) return;
    const message =
      `The clock is ${durationText(leapMs)} ahead of when the CRM outbox was last in use. Nothing in it expires by that: what counts ` +
      'is the time that the app runs, and as much of a pause after it. See whether the clock is right';
    logger.warn({ leapMs, pending, dead }, message);
  };

  const maintain = (): void => {
    try {
      outbox.maintain();
      noteUse();
      warnOfLeap();
      expire();
      failures.worked('maintain');
    } catch (error) {
      failures.failed('maintain', error);
    }
    cancel = clock.after(maintainEveryMs, maintain);
  };

  maintain();
  return () => {
    cancel?.();
    try {
      outbox.noteUse({ from, to: steady.now() });
    } catch {
      // The failure was reported already; the next start counts a little less time.
    }
  };
}
