import type { Clock } from '../core/clock.js';
import { CRMConfigError } from '../core/errors.js';
import type { FailureReporter } from './failure-reporter.js';

/** Opens a store, and tries again every second while that fails: a disk may be full, a server away. */
export interface Opening<Opened> {
  /** Rejects while it could not be opened the last time. */
  readonly opened: Promise<Opened>;
  /** Whether the first try is still under way. */
  readonly isStarting: boolean;
  /** Tries no more. */
  stop(): void;
}

export interface OpeningOptions<Opened> {
  readonly open: () => Promise<Opened>;
  readonly clock: Clock;
  readonly failures: FailureReporter;
}

const reopenAfterMs = 1_000;

export function createOpening<Opened>({ open, clock, failures }: OpeningOptions<Opened>): Opening<Opened> {
  let isStarting = true;
  let isStopped = false;
  let cancelReopen: (() => void) | undefined;
  let opened = tryToOpen();

  /** Whoever waits for it gets a rejection; nobody waiting is no reason to end the process. */
  function tryToOpen(): Promise<Opened> {
    const attempt = open();
    attempt.then(
      () => {
        isStarting = false;
        failures.worked('open');
      },
      (error: unknown) => {
        isStarting = false;
        failures.failed('open', error);
        // Options do not get better by trying again; a full disk may.
        if (!isStopped && !(error instanceof CRMConfigError)) cancelReopen = clock.after(reopenAfterMs, reopen);
      },
    );
    return attempt;
  }

  function reopen(): void {
    opened = tryToOpen();
  }

  return {
    get opened() {
      return opened;
    },
    get isStarting() {
      return isStarting;
    },
    stop() {
      isStopped = true;
      cancelReopen?.();
    },
  };
}
