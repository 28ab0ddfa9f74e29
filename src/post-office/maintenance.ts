import type { Clock } from '../core/clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Spells } from './spells.js';

export interface MaintenanceOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly deadRetentionMs: number;
  readonly spells: Spells;
}

const maintainEveryMs = 1_000;
const expireEveryMs = 3_600_000;

/** Looks after an outbox, now and from now on: its file every second, its oldest dead letters every hour. */
export function startMaintenance({ outbox, clock, deadRetentionMs, spells }: MaintenanceOptions): () => void {
  let cancel: (() => void) | undefined;
  let expiredAtMs = -Infinity;

  const maintain = (): void => {
    try {
      outbox.maintain();
      if (clock.monotonicMs() - expiredAtMs >= expireEveryMs) {
        expiredAtMs = clock.monotonicMs();
        outbox.expireDead(clock.now() - deadRetentionMs);
      }
      spells.end('maintain');
    } catch (error) {
      spells.begin('maintain', error);
    }
    cancel = clock.after(maintainEveryMs, maintain);
  };

  maintain();
  return () => {
    cancel?.();
  };
}
