import { hostname } from 'node:os';
import type { SqliteDatabase, SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import { goneAfterMs, type OutboxProcess, type OwnReport } from './history.js';
import { isThere, storedOf, type StoredReport } from './stored-report.js';

export interface ProcessReading {
  /** The processes that were there a moment ago, in the order of their start. */
  readProcesses(now: number): readonly OutboxProcess[];
}

export interface ProcessWriting {
  /** Writes what this process reports of itself, and drops those that were killed long ago. In the caller's transaction. */
  writeProcess(id: string, now: number, own: OwnReport | undefined): void;
  removeProcess(id: string): void;
}

export const processTable = `
  CREATE TABLE IF NOT EXISTS process (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    report TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`;

/** How long the row of a process that was killed is kept. */
const rowKeptMs = 24 * 3_600_000;

export function prepareProcessReading(database: SqliteDatabase): ProcessReading {
  const select = database.prepare('SELECT id, seen_at, report FROM process WHERE seen_at > ?');
  return {
    readProcesses(now) {
      const found = (select.all(now - goneAfterMs) as SqliteRow[]).map(storedOf).filter(isThere);
      // One that was killed may have been the leader before.
      const leader = Math.max(...found.map(({ leadsSince }) => leadsSince ?? -Infinity));
      return found
        .map(({ leadsSince, ...process }) => ({ ...process, isLeader: leadsSince !== null && leadsSince === leader }))
        .sort((one, other) => one.startedAt - other.startedAt);
    },
  };
}

export function prepareProcessWriting(database: SqliteDatabase): ProcessWriting {
  const write = database.prepare(
    `INSERT INTO process (id, seen_at, report) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, report = excluded.report`,
  );
  const remove = database.prepare('DELETE FROM process WHERE id = ?');
  const removeOld = database.prepare('DELETE FROM process WHERE seen_at < ?');
  return {
    writeProcess(id, now, own) {
      if (own !== undefined) {
        const report: StoredReport = { ...own, name: hostname(), pid: process.pid };
        write.run(id, now, JSON.stringify(report));
      }
      removeOld.run(now - rowKeptMs);
    },
    removeProcess(id) {
      remove.run(id);
    },
  };
}
