import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { furtherTypes, type TypeMinute } from './history.js';
import { addTypeCounts, createTypeTable, typeCountsIn, typeMinutesOf } from './type-table.js';

/** What is counted by type and not reported yet. */
export interface TypeTotals {
  /** Its counts are those of `crm.stats()` and of the minutes. */
  onEvent(event: DeliveryEvent): void;
  onAccepted(accepted: readonly AcceptedType[], at: number): void;
  /** Returns what there is, and begins anew. */
  take(): readonly TypeMinute[];
  /** Adds what was taken and could not be reported. */
  putBack(taken: readonly TypeMinute[], now: number): void;
}

/** What is known of a notification when it is accepted. */
export interface AcceptedType {
  readonly target: string;
  readonly type: string;
}

const minuteMs = 60_000;
/** What waits longer to be reported is no longer counted by name, so that it grows as slowly as the counts of the minutes. */
const namedForMs = 3_600_000;

export function createTypeTotals(): TypeTotals {
  let table = createTypeTable();
  const countsOf = ({ target, type }: AcceptedType, at: number): ReturnType<typeof typeCountsIn> =>
    typeCountsIn(table, at - (at % minuteMs), target, type);
  return {
    onEvent(event) {
      switch (event.kind) {
        case 'delivered':
        case 'dead':
          countsOf(event, event.endedAt)[event.kind] += 1;
          return;
        case 'retry':
          countsOf(event, event.endedAt).retried += 1;
          return;
        default:
      }
    },
    onAccepted(accepted, at) {
      for (const one of accepted) countsOf(one, at).accepted += 1;
    },
    take() {
      const taken = typeMinutesOf(table);
      table = createTypeTable();
      return taken;
    },
    putBack(taken, now) {
      for (const counts of taken) {
        const isNamed = counts.startAt >= now - namedForMs;
        addTypeCounts(table, isNamed ? counts : { ...counts, type: furtherTypes });
      }
    },
  };
}
