import type { History, TypeMinute } from './history.js';
import { firstKeptStart, inTypeSteps, typeStepFor, typeSteps, typeStepStart } from './type-steps.js';
import {
  addTypeCounts,
  createTypeTable,
  mostAcceptedFirst,
  sumTypes,
  typeMinutesOf,
  type TypeTable,
} from './type-table.js';

export interface MemoryTypes extends Pick<History, 'countsByType'> {
  /** Adds to the counts of each type, and drops what is too old. */
  add(types: readonly TypeMinute[]): void;
}

/** The counts of each type, in memory. */
export function createMemoryTypes(now: () => number): MemoryTypes {
  const tables = new Map<number, TypeTable>();
  const tableOf = (stepMs: number): TypeTable => {
    const table = tables.get(stepMs) ?? createTypeTable();
    tables.set(stepMs, table);
    return table;
  };
  return {
    add(types) {
      for (const { stepMs, ...counts } of inTypeSteps(types)) addTypeCounts(tableOf(stepMs), counts);
      for (const step of typeSteps) {
        const first = firstKeptStart(step, now());
        for (const startAt of tableOf(step.stepMs).keys()) if (startAt < first) tableOf(step.stepMs).delete(startAt);
      }
    },
    countsByType(from) {
      const step = typeStepFor(from, now());
      const first = typeStepStart(step, from);
      const steps = typeMinutesOf(tableOf(step.stepMs)).filter(({ startAt }) => startAt >= first);
      return Promise.resolve(mostAcceptedFirst(sumTypes(steps)));
    },
  };
}
