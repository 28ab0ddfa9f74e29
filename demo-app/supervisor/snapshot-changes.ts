import type { DemoSnapshot } from './read-snapshot.js';

/** What a page does not have yet. */
export interface SnapshotChanges extends Partial<DemoSnapshot> {
  /** Whether `arrivals` has only those that are new; otherwise it replaces what the page has. */
  readonly areArrivalsNew?: boolean;
}

/** What has changed since the previous snapshot: everything if there is none, and undefined if nothing has. */
export function changesBetween(previous: DemoSnapshot | undefined, next: DemoSnapshot): SnapshotChanges | undefined {
  if (!previous) return next;
  const changed = Object.entries(next).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(previous[name as keyof DemoSnapshot]),
  );
  if (changed.length === 0) return undefined;
  const changes = Object.fromEntries(changed) as SnapshotChanges;
  if (!changes.arrivals) return changes;
  const known = new Set(previous.arrivals.map(({ id }) => id));
  const news = changes.arrivals.filter(({ id }) => !known.has(id));
  // With a new CRM file, the numbers begin again.
  const isContinued = (news.at(-1)?.sequence ?? 0) > (previous.arrivals[0]?.sequence ?? 0);
  return isContinued ? { ...changes, arrivals: news, areArrivalsNew: true } : changes;
}
