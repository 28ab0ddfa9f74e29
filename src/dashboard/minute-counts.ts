import type { MinuteSeries } from './api-contract.js';

type Counted = Exclude<keyof MinuteSeries, 'startAt'>;

/** How often things happened, minute by minute; always as large as at the start. */
export interface MinuteCounts {
  add(what: Counted, at: number): void;
  /** The last 60 minutes, the one of `at` included. */
  read(at: number): MinuteSeries;
}

const minuteMs = 60_000;
const minuteCount = 60;

export function createMinuteCounts(): MinuteCounts {
  // A slot serves every 60th minute, and says which: so the wall clock may jump either way.
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
