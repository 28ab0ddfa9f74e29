import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Acceptance, CloseReport } from './post-office.js';

/** What a thread is known to have come to, for when it cannot be asked. Another process may have changed what is pending. */
export interface RunningTally {
  /** `delivered` and `dead` since the start, and what was pending by the last news. */
  readonly counts: CloseReport;
  onEvent(event: DeliveryEvent): void;
  onAccepted(count: number, acceptances: readonly Acceptance[] | undefined): void;
  onRedelivered(count: number): void;
  /** The outbox was counted. */
  onPending(pending: number): void;
}

export function createRunningTally(): RunningTally {
  const counts = { delivered: 0, pending: 0, dead: 0 };
  const gone = (): void => {
    counts.pending = Math.max(0, counts.pending - 1);
  };
  return {
    counts,
    onEvent({ kind }) {
      if (kind !== 'delivered' && kind !== 'dead') return;
      counts[kind] += 1;
      gone();
    },
    onAccepted(count, acceptances) {
      counts.pending += acceptances === undefined ? count : acceptances.filter(({ accepted }) => accepted).length;
    },
    onRedelivered(count) {
      counts.pending += count;
    },
    onPending(pending) {
      counts.pending = pending;
    },
  };
}
