import { readFileSync } from 'node:fs';
import { isPoison } from './fates.js';
import type { Booking } from './load.js';

/** A dead letter, as the app lists it. */
export interface Dead {
  readonly target: string;
  readonly id: string;
  readonly lane: string;
}

/** What the CRM's files and the app's dead letters say, held against what clients saw. Each target is owed each booking. */
export interface Arrivals {
  readonly total: number;
  /** Came again under the id they came with before. */
  readonly repeats: number;
  /** Seen to succeed, and neither arrived nor dead: booking, step and target. */
  readonly lost: readonly string[];
  /** Those among them that the CRM had refused for good: dead letters that are gone. */
  readonly vanishedCount: number;
  /** Seen to succeed, and dead although the CRM would take them. */
  readonly wronglyDead: readonly string[];
  /** Dead letters at the end. */
  readonly deadCount: number;
  /** Came for the first time after a later step of the same booking. */
  readonly outOfOrder: number;
  /** Came under two ids. */
  readonly doubled: number;
  /** When each came first to the target that it came to last, in milliseconds since 1970. */
  readonly arrivedAt: ReadonlyMap<string, number>;
}

export interface CrmFiles {
  /** One line for each arrival, in order. */
  readonly journal: string;
  /** One line for each that it did not take. */
  readonly refused: string;
}

/** Reads them, once nothing is pending any more. */
export function readArrivals(
  files: CrmFiles,
  bookings: ReadonlyMap<number, Booking>,
  dead: readonly Dead[],
  targets: readonly string[],
): Arrivals {
  const [journal, refused] = [readLines(files.journal), readLines(files.refused)];
  const found = targets.map((name) => {
    const ofTarget = <Element extends { readonly target: string }>(all: readonly Element[]): Element[] =>
      all.filter(({ target }) => target === name);
    return readTarget(name, { journal: ofTarget(journal), refused: ofTarget(refused), dead: ofTarget(dead), bookings });
  });
  const sum = (count: (one: Arrivals) => number): number => found.reduce((total, one) => total + count(one), 0);
  return {
    total: sum(({ total }) => total),
    repeats: sum(({ repeats }) => repeats),
    lost: found.flatMap(({ lost }) => lost),
    vanishedCount: sum(({ vanishedCount }) => vanishedCount),
    wronglyDead: found.flatMap(({ wronglyDead }) => wronglyDead),
    deadCount: dead.length,
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    doubled: sum(({ doubled }) => doubled),
    arrivedAt: arrivedEverywhere(found.map(({ arrivedAt }) => arrivedAt)),
  };
}

interface OfTarget {
  readonly journal: readonly Line[];
  readonly refused: readonly Line[];
  readonly dead: readonly Dead[];
  readonly bookings: ReadonlyMap<number, Booking>;
}

function readTarget(target: string, { journal, refused, dead, bookings }: OfTarget): Arrivals {
  const ids = new Set<string>();
  const arrivedAt = new Map<string, number>();
  const lastStep = new Map<number, number>();
  let outOfOrder = 0;
  let doubled = 0;
  for (const { id, booking, step, name, at } of journal) {
    if (ids.has(id)) continue;
    ids.add(id);
    if (arrivedAt.has(name)) doubled += 1;
    else arrivedAt.set(name, at);
    if ((lastStep.get(booking) ?? 0) > step) outOfOrder += 1;
    lastStep.set(booking, step);
  }

  const nameOf = new Map(refused.map(({ id, name }) => [id, name]));
  const deadNames = new Set(dead.map(({ id }) => nameOf.get(id)));
  // One that died without ever having reached the CRM is known by its lane alone.
  const namelessDead = new Map<string, number>();
  for (const { id, lane } of dead) {
    if (!nameOf.has(id)) namelessDead.set(lane, (namelessDead.get(lane) ?? 0) + 1);
  }

  const lost: string[] = [];
  const wronglyDead: string[] = [];
  let vanishedCount = 0;
  for (const [booking, { seen, fate }] of bookings) {
    for (const step of seen.keys()) {
      const name = `${booking}/${step}`;
      if (arrivedAt.has(name)) continue;
      const lane = `booking:${booking}`;
      const namelessCount = namelessDead.get(lane) ?? 0;
      if (!deadNames.has(name) && namelessCount === 0) {
        lost.push(`${name}/${target}`);
        if (fate === '422') vanishedCount += 1;
        continue;
      }
      if (!deadNames.has(name)) namelessDead.set(lane, namelessCount - 1);
      // What becomes of poison in the end is the library's choice, as long as it is kept.
      if (fate === undefined || (isPoison(fate) && !deadNames.has(name))) wronglyDead.push(name);
    }
  }
  return {
    ...{ lost, vanishedCount, wronglyDead, outOfOrder, doubled, arrivedAt },
    total: journal.length,
    repeats: journal.length - ids.size,
    deadCount: dead.length,
  };
}

/** Which have arrived at each target until now, from the CRM's journal. */
export function readArrived(journal: string, targets: readonly string[]): ReadonlySet<string> {
  const lines = readLines(journal);
  const arrivals = targets.map((target) => {
    const ofTarget = lines.filter((line) => line.target === target);
    return new Map(ofTarget.map(({ name, at }) => [name, at]));
  });
  return new Set(arrivedEverywhere(arrivals).keys());
}

/** When each came to the last of the targets that it came to; without those that have not come to all. */
function arrivedEverywhere(arrivals: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const [first = new Map<string, number>(), ...others] = arrivals;
  const latest = new Map<string, number>();
  for (const [name, at] of first) {
    const ats = [at, ...others.map((other) => other.get(name) ?? Infinity)];
    if (!ats.includes(Infinity)) latest.set(name, Math.max(...ats));
  }
  return latest;
}

interface Line {
  readonly target: string;
  readonly id: string;
  readonly booking: number;
  readonly step: number;
  /** Booking and step. */
  readonly name: string;
  /** When, for an arrival; in milliseconds since 1970. */
  readonly at: number;
}

/** A CRM that was killed while it wrote has not responded to that line either. */
function readLines(file: string): Line[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line.endsWith(']'))
    .map((line) => {
      const [target, id, booking, step, at = 0] = JSON.parse(line) as [string, string, number, number, number?];
      return { target, id, booking, step, name: `${booking}/${step}`, at };
    });
}
