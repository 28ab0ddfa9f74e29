import { hostname } from 'node:os';
import type { SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import type { OutboxProcess, OwnReport } from './history.js';

/** The text in a row. */
export type StoredReport = OwnReport & Pick<OutboxProcess, 'name' | 'pid'>;

export function storedOf({
  id,
  seen_at: seenAt,
  report,
}: SqliteRow): StoredReport & Pick<OutboxProcess, 'id' | 'seenAt'> {
  return { ...(JSON.parse(String(report)) as StoredReport), id: String(id), seenAt: Number(seenAt) };
}

/** A process of this machine that was killed is known to be gone at once. */
export function isThere({ name, pid }: StoredReport): boolean {
  if (name !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
