import { countNames, furtherTypes, maxTypes, type TypeCounts, type TypeMinute } from './history.js';

type Counts = { -readonly [Name in keyof TypeCounts]: TypeCounts[Name] };

/** Counts that grow: by the start of their step, their target and their type. Three lookups are cheaper than a text for a key. */
export type TypeTable = Map<number, Map<string, Map<string, Counts>>>;

export function createTypeTable(): TypeTable {
  return new Map<number, Map<string, Map<string, Counts>>>();
}

/** The counts of a type in the step that begins at this instant, to be added to. */
export function typeCountsIn(table: TypeTable, startAt: number, target: string, type: string): Counts {
  let byTarget = table.get(startAt);
  if (byTarget === undefined) table.set(startAt, (byTarget = new Map<string, Map<string, Counts>>()));
  let byType = byTarget.get(target);
  if (byType === undefined) byTarget.set(target, (byType = new Map<string, Counts>()));
  const found = byType.get(type);
  if (found !== undefined) return found;
  if (byType.size >= maxTypes && type !== furtherTypes) return typeCountsIn(table, startAt, target, furtherTypes);
  const made = { target, type, accepted: 0, delivered: 0, retried: 0, dead: 0 };
  byType.set(type, made);
  return made;
}

export function addTypeCounts(table: TypeTable, added: TypeMinute): void {
  addCounts(typeCountsIn(table, added.startAt, added.target, added.type), added);
}

/** All counts of a table, those of the step that was begun first first. */
export function typeMinutesOf(table: TypeTable): readonly TypeMinute[] {
  return [...table].flatMap(([startAt, byTarget]) =>
    [...byTarget.values()].flatMap((byType) => [...byType.values()].map((counts) => ({ startAt, ...counts }))),
  );
}

/** The sums of steps, in no particular order. */
export function sumTypes(steps: readonly TypeMinute[]): readonly TypeCounts[] {
  const sums = new Map<string, Counts>();
  for (const { startAt: _startAt, ...counts } of steps) {
    const key = `${counts.type} ${counts.target}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, counts);
    else addCounts(sum, counts);
  }
  return [...sums.values()];
}

/** The most accepted first; of equals, the most delivered and then the most dead. */
export function mostAcceptedFirst(counts: readonly TypeCounts[]): readonly TypeCounts[] {
  return counts.toSorted(
    (one, other) =>
      other.accepted - one.accepted ||
      other.delivered - one.delivered ||
      other.dead - one.dead ||
      compareTexts(one.type, other.type) ||
      compareTexts(one.target, other.target),
  );
}

function addCounts(counts: Counts, added: TypeCounts): void {
  for (const name of countNames) counts[name] += added[name];
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
