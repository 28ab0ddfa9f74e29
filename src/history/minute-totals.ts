import { countNames, type MinuteCounts } from './history.js';

type Counts = { -readonly [Name in keyof MinuteCounts]: MinuteCounts[Name] };

/** Counts that grow, for each minute and target, in the order in which they began. */
export type MinuteTotals = Map<string, Counts>;

/** The counts of a target in the minute that begins at this instant, to be added to. */
export function countsIn(totals: MinuteTotals, target: string, startAt: number): Counts {
  const key = `${String(startAt)} ${target}`;
  const found = totals.get(key) ?? { startAt, target, accepted: 0, delivered: 0, retried: 0, dead: 0 };
  totals.set(key, found);
  return found;
}

export function addMinute(totals: MinuteTotals, added: MinuteCounts): void {
  const counts = countsIn(totals, added.target, added.startAt);
  for (const name of countNames) counts[name] += added[name];
}
