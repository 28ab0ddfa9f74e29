import { readFileSync } from 'node:fs';
import { isPoison } from './fates.js';
import type { Booking } from './load.js';

/** A dead letter, as the app lists it. */
export interface Dead {
  readonly id: string;
  readonly lane: string;
}

/** What the CRM's files and the app's dead letters say, held against what clients saw. */
export interface Arrivals {
  readonly total: number;
  /** Came again under the id they came with before. */
  readonly repeats: number;
  /** Seen to succeed, and neither arrived nor dead. */
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
  /** When each came first, in milliseconds since 1970. */
  readonly arrivedAt: ReadonlyMap<string, number>;
}

export interface CrmFiles {
  /** One line for each arrival, in order. */
  readonly journal: string;
  /** One line for each that it did not take. */
  readonly refused: string;
}

/** Reads them, once nothing is pending any more. */
export function readArrivals(files: CrmFiles, bookings: ReadonlyMap<number, Booking>, dead: readonly Dead[]): Arrivals {
  const ids = new Set<string>();
  const arrivedAt = new Map<string, number>();
  const lastStep = new Map<number, number>();
  let total = 0;
  let outOfOrder = 0;
  let doubled = 0;
  for (const [id, booking, step, at] of readLines(files.journal)) {
    total += 1;
    if (ids.has(id)) continue;
    ids.add(id);
    const name = `${booking}/${step}`;
    if (arrivedAt.has(name)) doubled += 1;
    else arrivedAt.set(name, at ?? 0);
    if ((lastStep.get(booking) ?? 0) > step) outOfOrder += 1;
    lastStep.set(booking, step);
  }

  const nameOf = new Map(readLines(files.refused).map(([id, booking, step]) => [id, `${booking}/${step}`]));
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
        lost.push(name);
        if (fate === '422') vanishedCount += 1;
        continue;
      }
      if (!deadNames.has(name)) namelessDead.set(lane, namelessCount - 1);
      // What becomes of poison in the end is the library's choice, as long as it is kept.
      if (fate === undefined || (isPoison(fate) && !deadNames.has(name))) wronglyDead.push(name);
    }
  }
  const repeats = total - ids.size;
  return { total, repeats, lost, vanishedCount, wronglyDead, deadCount: dead.length, outOfOrder, doubled, arrivedAt };
}

/** Which have arrived until now, from the CRM's journal. */
export function readArrived(journal: string): Set<string> {
  return new Set(readLines(journal).map(([, booking, step]) => `${booking}/${step}`));
}

type Line = readonly [id: string, booking: number, step: number, at?: number];

/** A CRM that was killed while it wrote has not answered for that line either. */
function readLines(file: string): Line[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.endsWith(']')).map((line) => JSON.parse(line) as Line);
}
