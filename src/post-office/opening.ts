import type { Clock } from '../core/clock.js';
import { CRMConfigError, errorDataOf } from '../core/errors.js';
import type { DeliveryEvent, OutboxOperation } from '../delivery/delivery-event.js';

/** Opens a store, and tries again every second while that fails: a disk may be full, a server unreachable. */
export interface Opening<Opened> {
  /** The latest try; rejects if it failed. */
  readonly opened: Promise<Opened>;
  /** Resolves once a try works; rejects when waiting does not help, or it is stopped. */
  untilOpened(helpsWaiting: (error: unknown) => boolean): Promise<void>;
  /** Whether the first try has not ended yet. */
  readonly isStarting: boolean;
  /** Stops trying. */
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
  let waiting: (() => void)[] = [];
  let cancelReopen: (() => void) | undefined;
  let opened = tryToOpen();

  /** The promise that is returned may reject; if no caller awaits it, that must not end the process. */
  function tryToOpen(): Promise<Opened> {
    const attempt = open();
    attempt.then(
      () => {
        isStarting = false;
        failures.worked('open');
        tellWaiting();
      },
      (error: unknown) => {
        isStarting = false;
        failures.failed('open', error);
        // Trying again does not fix options; a full disk may recover.
        if (!isStopped && !(error instanceof CRMConfigError)) cancelReopen = clock.after(reopenAfterMs, reopen);
        else tellWaiting();
      },
    );
    return attempt;
  }

  function tellWaiting(): void {
    for (const tell of waiting) tell();
    waiting = [];
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
    async untilOpened(helpsWaiting) {
      const isOver = (error: unknown): boolean => isStopped || error instanceof CRMConfigError || !helpsWaiting(error);
      for (;;) {
        try {
          await opened;
          return;
        } catch (error) {
          if (isOver(error)) throw error;
        }
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    stop() {
      isStopped = true;
      cancelReopen?.();
      tellWaiting();
    },
  };
}

/** Reports that an operation on the outbox fails: only once, however often it fails before it works again. */
export interface FailureReporter {
  failed(operation: OutboxOperation, error: unknown): void;
  worked(operation: OutboxOperation): void;
}

export function createFailureReporter(onEvent: (event: DeliveryEvent) => void): FailureReporter {
  const failing = new Set<OutboxOperation>();
  return {
    failed(operation, error) {
      if (failing.has(operation)) return;
      failing.add(operation);
      onEvent({ kind: 'outboxFailed', operation, error: errorDataOf(error) });
    },
    worked(operation) {
      failing.delete(operation);
    },
  };
}
