import type { Clock } from '../core/clock.js';
import { durationText } from '../core/duration-text.js';
import { CRMNotificationError, errorDataOf } from '../core/errors.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import type { Logger } from '../telemetry/logger.js';
import type { UnknownPauses } from './history.js';

/**
 * From the start until it could be read once what is paused by hand. Nothing starts meanwhile: an attempt that is late does less harm
 * than one that somebody had stopped. It has no time limit, so it must not go unseen: a WARN says why at once, an ERROR if it lasts.
 */
export interface UnknownPausesReport {
  /** Null before the first failure, and once it was read. */
  readonly current: UnknownPauses | null;
  /** It could not be read. `isDelivering`: whether delivery waits for that here. */
  onFailed(error: unknown, isDelivering: boolean): void;
  onRead(): void;
}

export interface UnknownPausesOptions {
  readonly clock: Clock;
  readonly logger: Pick<Required<Logger>, 'info' | 'warn' | 'error'>;
}

const longMs = 60_000;

export function createUnknownPausesReport({ clock, logger }: UnknownPausesOptions): UnknownPausesReport {
  let current: UnknownPauses | null = null;
  let startedAtMs = 0;
  let logged: 'nothing' | 'warn' | 'error' = 'nothing';
  return {
    get current() {
      return current;
    },
    onFailed(error, isDelivering) {
      const data = errorDataOf(error);
      if (current === null) startedAtMs = clock.monotonicMs();
      // Another package's error has no advice in it, and may be of a stranger's making.
      const reason = error instanceof CRMNotificationError ? data.message : 'an unexpected error';
      current = { reason, since: current?.since ?? clock.now() };
      if (!isDelivering) return;
      const lastsMs = clock.monotonicMs() - startedAtMs;
      if (logged === 'nothing') {
        logged = 'warn';
        const message = `CRM delivery waits, because it cannot be read what is paused by hand: ${reason}`;
        logger.warn({ err: errorForLog(data) }, message);
      }
      if (logged === 'warn' && lastsMs >= longMs) {
        logged = 'error';
        const message = `CRM delivery still waits after ${durationText(lastsMs)}, because it cannot be read what is paused by hand: ${reason}`;
        logger.error({ err: errorForLog(data) }, message);
      }
    },
    onRead() {
      if (logged !== 'nothing') logger.info({}, 'CRM: it can be read again what is paused by hand');
      current = null;
      logged = 'nothing';
    },
  };
}
