import { CRMConfigError } from '../../core/errors.js';
import { rollBack } from './roll-back.js';
import { copyRows, damaged } from './sqlite-errors.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** "CRMN", at byte 68 of the file: https://www.sqlite.org/fileformat.html section 1.3.16. */
export const applicationId = 0x43524d4e;

/** One entry for each version of the schema: the migration from the version before. Never change one; add one. */
const migrations: readonly string[] = [
  `CREATE TABLE pending (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     type TEXT NOT NULL,
     lane TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     accepted_at INTEGER NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0,
     next_attempt_at INTEGER NOT NULL DEFAULT 0,
     traceparent TEXT,
     body BLOB NOT NULL
   ) STRICT;
   CREATE INDEX pending_by_lane ON pending (lane, position);
   CREATE TABLE dead (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     type TEXT NOT NULL,
     lane TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     died_at INTEGER NOT NULL,
     attempts INTEGER NOT NULL,
     reason_kind TEXT NOT NULL,
     reason_status INTEGER,
     reason_detail TEXT NOT NULL,
     traceparent TEXT,
     body BLOB NOT NULL
   ) STRICT;
   CREATE INDEX dead_by_death ON dead (died_at);
   CREATE TABLE tally (pending INTEGER NOT NULL, pending_bytes INTEGER NOT NULL, dead INTEGER NOT NULL) STRICT;
   INSERT INTO tally VALUES (0, 0, 0);`,
  // When the outbox was last in use, as far as known. The index contains only what waits for an instant, so it costs nothing
  // while all goes well.
  `ALTER TABLE tally ADD COLUMN used_from INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE tally ADD COLUMN used_to INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX pending_by_next_attempt ON pending (next_attempt_at) WHERE next_attempt_at > 0;`,
  // Several targets. Existing rows are for the CRM, which is number 0. Rows are copied, because SQLite cannot drop a constraint;
  // the indexes are made after them, which is ten times as fast. It starts by dropping an index that later versions do not have:
  // if a damaged version number brings a newer file here, that fails before anything is changed.
  `DROP INDEX pending_by_lane;
   DROP INDEX pending_by_next_attempt;
   DROP INDEX dead_by_death;
   ALTER TABLE pending RENAME TO pending_2;
   ALTER TABLE dead RENAME TO dead_2;
   ALTER TABLE tally RENAME TO tally_2;
   CREATE TABLE pending (
     position INTEGER PRIMARY KEY,
     target TEXT NOT NULL,
     id TEXT NOT NULL,
     type TEXT NOT NULL,
     lane TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     accepted_at INTEGER NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0,
     next_attempt_at INTEGER NOT NULL DEFAULT 0,
     traceparent TEXT,
     body BLOB NOT NULL
   ) STRICT;
   INSERT INTO pending
     SELECT position, 'crm', id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body
     FROM pending_2 ORDER BY position;
   CREATE UNIQUE INDEX pending_by_id ON pending (id, target);
   CREATE INDEX pending_in_lane ON pending (lane);
   CREATE INDEX pending_by_instant ON pending (target, next_attempt_at) WHERE next_attempt_at > 0;
   CREATE TABLE dead (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     target TEXT NOT NULL,
     id TEXT NOT NULL,
     type TEXT NOT NULL,
     lane TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     died_at INTEGER NOT NULL,
     attempts INTEGER NOT NULL,
     reason_kind TEXT NOT NULL,
     reason_status INTEGER,
     reason_detail TEXT NOT NULL,
     traceparent TEXT,
     body BLOB NOT NULL
   ) STRICT;
   INSERT INTO dead
     SELECT position, 'crm', id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail,
       traceparent, body
     FROM dead_2 ORDER BY position;
   CREATE UNIQUE INDEX dead_by_id ON dead (id, target);
   CREATE INDEX dead_by_instant ON dead (died_at);
   CREATE TABLE tally (
     number INTEGER PRIMARY KEY,
     target TEXT NOT NULL,
     last_position INTEGER NOT NULL DEFAULT 0,
     pending INTEGER NOT NULL DEFAULT 0,
     pending_bytes INTEGER NOT NULL DEFAULT 0,
     dead INTEGER NOT NULL DEFAULT 0,
     used_from INTEGER NOT NULL DEFAULT 0,
     used_to INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   INSERT INTO tally
     SELECT 0, 'crm', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pending_2'), 0),
       pending, pending_bytes, dead, used_from, used_to
     FROM tally_2;
   DELETE FROM sqlite_sequence WHERE name = 'dead';
   UPDATE sqlite_sequence SET name = 'dead' WHERE name = 'dead_2';
   DROP TABLE pending_2;
   DROP TABLE dead_2;
   DROP TABLE tally_2;`,
];

/**
 * Makes or migrates the tables, in one transaction. With a million rows this takes 3 to 20 seconds, and as much disk space again.
 * Throws `CRMConfigError` when the file was written by a newer version of this package, and leaves it as it is.
 */
export function migrate(database: SqliteDatabase): void {
  const before = versionOf(database);
  refuseNewerSchema(before);
  if (before === migrations.length) return;
  // Not `IMMEDIATE`, which writes a header, and then it is too late for the pragma. Nor the pragma first: it would commit a
  // header without our id, and a process that starts then, or after a kill, would take the file for another application's.
  database.exec('BEGIN');
  try {
    // It has an effect only before the first table is made. In any case it takes the lock for writing.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    // Another process may be migrating too, so read the version again under the lock.
    const version = versionOf(database);
    refuseNewerSchema(version);
    if (version === 0 && hasTables(database)) throw damaged('it has tables, but their version is gone');
    copyRows(() => {
      for (const statements of migrations.slice(version)) database.exec(statements);
    });
    database.exec(`PRAGMA application_id = ${String(applicationId)}`);
    database.exec(`PRAGMA user_version = ${String(migrations.length)}`);
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** Whether a version of the schema is newer than this version of the package. */
export function isNewerSchema(version: number): boolean {
  return version > migrations.length;
}

/** Throws `CRMConfigError` for a version of the schema that is newer than this version of the package. */
export function refuseNewerSchema(version: number): void {
  if (!isNewerSchema(version)) return;
  const message =
    `was written by a newer express-crm-notifier (schema ${String(version)}, this one knows ` +
    `${String(migrations.length)}); upgrade, or give another directory`;
  throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }]);
}

function hasTables(database: SqliteDatabase): boolean {
  return Number((database.prepare('SELECT count(*) AS count FROM sqlite_master').get() as SqliteRow)['count']) > 0;
}

/** Whether the file still has the schema of an earlier version of this package. */
export function isOlderSchema(database: SqliteDatabase): boolean {
  const version = versionOf(database);
  return version > 0 && version < migrations.length;
}

function versionOf(database: SqliteDatabase): number {
  return Number((database.prepare('PRAGMA user_version').get() as SqliteRow)['user_version']);
}
