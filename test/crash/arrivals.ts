import { readFileSync } from 'node:fs';

/** What the CRM's journal says, held against what clients saw. */
export interface Arrivals {
  readonly total: number;
  /** Came again under the id they came with before. */
  readonly repeats: number;
  /** Seen to succeed, and never came. */
  readonly lost: readonly string[];
  /** Came for the first time after a later step of the same booking. */
  readonly outOfOrder: number;
  /** Came under two ids. */
  readonly doubled: number;
}

/** Reads the journal of the CRM: one line for each arrival, in order. */
export function readArrivals(journal: string, seen: ReadonlyMap<number, ReadonlySet<number>>): Arrivals {
  const ids = new Set<string>();
  const steps = new Set<string>();
  const lastStep = new Map<number, number>();
  let total = 0;
  let outOfOrder = 0;
  let doubled = 0;
  for (const line of readFileSync(journal, 'utf8').split('\n')) {
    // A CRM that was killed while it wrote has not answered for that line either.
    if (!line.endsWith(']')) continue;
    const [id, booking, step] = JSON.parse(line) as [string, number, number];
    total += 1;
    if (ids.has(id)) continue;
    ids.add(id);
    const name = `${booking}/${step}`;
    if (steps.has(name)) doubled += 1;
    steps.add(name);
    if ((lastStep.get(booking) ?? 0) > step) outOfOrder += 1;
    lastStep.set(booking, step);
  }
  const lost = [...seen].flatMap(([booking, succeeded]) =>
    [...succeeded].map((step) => `${booking}/${step}`).filter((name) => !steps.has(name)),
  );
  return { total, repeats: total - ids.size, lost, outOfOrder, doubled };
}
