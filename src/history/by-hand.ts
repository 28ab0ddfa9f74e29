import { changeKinds, type TimelineEntry } from './timeline-entry.js';

/** The code of a resumption by hand: without it, and without who did it, the target has come back by itself. */
export const resumedByHandCode = 'byHand';

/** Whether somebody did it: a change of dead letters, or a pause or a resumption by hand. */
export function isByHand({ kind, status, code, by }: TimelineEntry): boolean {
  if (kind === 'paused') return status === null && code === null;
  if (kind === 'resumed') return by !== null || code === resumedByHandCode;
  return changeKinds.some((change) => change === kind);
}

/** A process that takes over reports a pause by hand again, with the instant at which it was made. For `filter`. */
export function isFirstReport(entry: TimelineEntry, index: number, entries: readonly TimelineEntry[]): boolean {
  if (entry.kind !== 'paused' && entry.kind !== 'resumed') return true;
  const { kind, target, at, by, code } = entry;
  const isSame = (one: TimelineEntry): boolean =>
    one.kind === kind && one.target === target && one.at === at && one.by === by && one.code === code;
  return index === entries.findIndex(isSame);
}

/** The same two as a condition in SQL, of the rows of a table that happened since an instant, which is a parameter. */
export function byHandCondition(table: string, from: string): string {
  const kinds = changeKinds.map((kind) => `'${kind}'`).join(', ');
  return `position IN (
    SELECT min(position) FROM ${table} WHERE at >= ${from} AND (
      kind IN (${kinds}) OR (kind = 'paused' AND status IS NULL AND code IS NULL)
      OR (kind = 'resumed' AND (by IS NOT NULL OR code = '${resumedByHandCode}'))
    ) GROUP BY kind, target, at, by, code, CASE WHEN kind IN ('paused', 'resumed') THEN 0 ELSE position END
  )`;
}
