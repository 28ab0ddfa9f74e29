import type { SqliteDatabase } from '../outbox/sqlite/sqlite-driver.js';
import { type MinuteCounts, minutesKeptMs } from './history.js';

export interface MinuteReading {
  readMinutes(from: number): readonly MinuteCounts[];
}

export interface MinuteWriting {
  /** Adds counts to those of their minutes, and drops what is too old. In the caller's transaction. */
  addMinutes(minutes: readonly MinuteCounts[], now: number): void;
}

export const minuteTable = `
  CREATE TABLE IF NOT EXISTS minute (
    start_at INTEGER NOT NULL,
    target TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (start_at, target)
  ) STRICT, WITHOUT ROWID;`;

export function prepareMinuteReading(database: SqliteDatabase): MinuteReading {
  const select = database.prepare(
    `SELECT start_at AS startAt, target, accepted, delivered, retried, dead FROM minute
     WHERE start_at >= ? ORDER BY start_at, target`,
  );
  return { readMinutes: (from) => select.all(from) as MinuteCounts[] };
}

export function prepareMinuteWriting(database: SqliteDatabase): MinuteWriting {
  const add = database.prepare(
    `INSERT INTO minute (start_at, target, accepted, delivered, retried, dead) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (start_at, target) DO UPDATE SET accepted = accepted + excluded.accepted,
       delivered = delivered + excluded.delivered, retried = retried + excluded.retried, dead = dead + excluded.dead`,
  );
  const removeOld = database.prepare('DELETE FROM minute WHERE start_at < ?');
  return {
    addMinutes(minutes, now) {
      for (const { startAt, target, accepted, delivered, retried, dead } of minutes)
        add.run(startAt, target, accepted, delivered, retried, dead);
      removeOld.run(now - minutesKeptMs);
    },
  };
}
