import type { SqliteDatabase } from '../outbox/sqlite/sqlite-driver.js';
import { furtherTypes, maxTypes, type TypeCounts, type TypeMinute } from './history.js';
import { firstKeptStart, inTypeSteps, typeStepFor, typeSteps, typeStepStart } from './type-steps.js';
import { mostAcceptedFirst } from './type-table.js';

export interface TypeReading {
  /** The most accepted first; see `History`. */
  readCountsByType(from: number, now: number): readonly TypeCounts[];
}

export interface TypeWriting {
  /** Adds to the counts of each type, and drops what is too old. */
  addTypes(types: readonly TypeMinute[], now: number): void;
}

export const typesTable = `
  CREATE TABLE IF NOT EXISTS type_step (
    step_ms INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    target TEXT NOT NULL,
    type TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (step_ms, start_at, target, type)
  ) STRICT, WITHOUT ROWID;`;

/** Of a history that this process writes, so its tables are there. */
export function prepareTypes(database: SqliteDatabase): TypeReading & TypeWriting {
  const ofStep = 'step_ms = ?1 AND start_at = ?2 AND target = ?3';
  const add = database.prepare(
    `INSERT INTO type_step (step_ms, start_at, target, type, accepted, delivered, retried, dead)
     VALUES (?1, ?2, ?3, CASE WHEN EXISTS (SELECT 1 FROM type_step WHERE ${ofStep} AND type = ?4)
         OR (SELECT count(*) FROM type_step WHERE ${ofStep} AND type <> ?5) < ?6 THEN ?4 ELSE ?5 END, ?7, ?8, ?9, ?10)
     ON CONFLICT (step_ms, start_at, target, type) DO UPDATE SET accepted = accepted + excluded.accepted,
       delivered = delivered + excluded.delivered, retried = retried + excluded.retried, dead = dead + excluded.dead`,
  );
  const removeOld = database.prepare('DELETE FROM type_step WHERE step_ms = ? AND start_at < ?');
  return {
    addTypes(types, now) {
      for (const { stepMs, startAt, target, type, accepted, delivered, retried, dead } of inTypeSteps(types))
        add.run(stepMs, startAt, target, type, furtherTypes, maxTypes, accepted, delivered, retried, dead);
      for (const step of typeSteps) removeOld.run(step.stepMs, firstKeptStart(step, now));
    },
    readCountsByType: (from, now) => readTypes(database, from, now),
  };
}

/** Of a history that is only read: an earlier version may have made it, without the table. */
export function readCountsByType(database: SqliteDatabase, from: number, now: number): readonly TypeCounts[] {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'type_step'").get();
  return found === undefined ? [] : readTypes(database, from, now);
}

function readTypes(database: SqliteDatabase, from: number, now: number): readonly TypeCounts[] {
  const step = typeStepFor(from, now);
  const select = database.prepare(
    `SELECT target, type, sum(accepted) AS accepted, sum(delivered) AS delivered, sum(retried) AS retried, sum(dead) AS dead
     FROM type_step WHERE step_ms = ? AND start_at >= ? GROUP BY target, type`,
  );
  return mostAcceptedFirst(select.all(step.stepMs, typeStepStart(step, from)) as TypeCounts[]);
}
