import type { DeliveryEvent } from '../delivery/delivery-event.js';

/** What delivery has done since the post office was opened. */
export interface DeliveryTally {
  readonly delivered: number;
  /** Attempts that failed and are followed by another. */
  readonly retried: number;
  /** Attempts that never left; they count as none. */
  readonly unsent: number;
  /** Became dead letters. */
  readonly dead: number;
}

const counters: Readonly<Partial<Record<DeliveryEvent['kind'], keyof DeliveryTally>>> = {
  delivered: 'delivered',
  retry: 'retried',
  unsent: 'unsent',
  dead: 'dead',
};

/** Counts by events. */
export function createDeliveryTally(): { readonly counts: DeliveryTally; add(event: DeliveryEvent): void } {
  const counts = { delivered: 0, retried: 0, unsent: 0, dead: 0 };
  return {
    counts,
    add({ kind }) {
      const counter = counters[kind];
      if (counter !== undefined) counts[counter] += 1;
    },
  };
}
