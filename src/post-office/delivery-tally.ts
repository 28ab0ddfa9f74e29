import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Acceptance, CloseReport } from './post-office.js';

/** What delivery has done since the post office was opened. */
export interface DeliveryTally {
  readonly delivered: number;
  /** Attempts that failed and are followed by another. */
  readonly retried: number;
  /** Attempts that were never sent, which do not count as attempts. */
  readonly unsent: number;
  /** Notifications that became dead letters. */
  readonly dead: number;
}

const counters: Readonly<Partial<Record<DeliveryEvent['kind'], keyof DeliveryTally>>> = {
  delivered: 'delivered',
  retry: 'retried',
  unsent: 'unsent',
  dead: 'dead',
};

/** Counts the events of delivery, for all targets together and for each. */
export interface DeliveryTallies {
  readonly counts: DeliveryTally;
  of(target: string): DeliveryTally;
  add(event: DeliveryEvent): void;
}

const nothing: DeliveryTally = { delivered: 0, retried: 0, unsent: 0, dead: 0 };

export function createDeliveryTally(): DeliveryTallies {
  const counts = { ...nothing };
  const byTarget = new Map<string, { -readonly [Counter in keyof DeliveryTally]: number }>();
  return {
    counts,
    of: (target) => byTarget.get(target) ?? nothing,
    add(event) {
      const counter = counters[event.kind];
      if (counter === undefined || !('target' in event)) return;
      const own = byTarget.get(event.target) ?? { ...nothing };
      byTarget.set(event.target, own);
      own[counter] += 1;
      counts[counter] += 1;
    },
  };
}

/** The last known counts of a thread, for when it cannot be asked. Another process may have changed what is pending. */
export interface RunningTally {
  /** `delivered` and `dead` since the start, and what is pending as far as known. */
  readonly counts: CloseReport;
  onEvent(event: DeliveryEvent): void;
  onAccepted(count: number, acceptances: readonly Acceptance[] | undefined): void;
  onRedelivered(count: number): void;
  /** The thread has counted the outbox. */
  onPending(pending: number): void;
}

export function createRunningTally(): RunningTally {
  const counts = { delivered: 0, pending: 0, dead: 0 };
  const removePending = (): void => {
    counts.pending = Math.max(0, counts.pending - 1);
  };
  return {
    counts,
    onEvent({ kind }) {
      if (kind !== 'delivered' && kind !== 'dead') return;
      counts[kind] += 1;
      removePending();
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
