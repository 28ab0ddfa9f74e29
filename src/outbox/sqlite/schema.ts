import { CRMConfigError } from '../../core/errors.js';
import { damaged } from './sqlite-errors.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** "CRMN", at byte 68 of the file: https://www.sqlite.org/fileformat.html section 1.3.16. */
export const applicationId = 0x43524d4e;

/** One entry for each version of the schema: what leads there from the version before. Never change one; add one. */
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
  // When the outbox was in use last, as far as is known. The index has only what waits for an instant in it, so it
  // costs nothing while all goes well.
  `ALTER TABLE tally ADD COLUMN used_from INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE tally ADD COLUMN used_to INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX pending_by_next_attempt ON pending (next_attempt_at) WHERE next_attempt_at > 0;`,
];

/**
 * Makes or migrates the tables, in one transaction. Throws `CRMConfigError` when the file was written by a newer
 * version of this package, and leaves it as it is.
 */
export function migrate(database: SqliteDatabase): void {
  const before = versionOf(database);
  refuseNewerSchema(before);
  if (before === migrations.length) return;
  // Not `IMMEDIATE`, which writes a header, and then it is too late for the pragma. Nor the pragma first: it would commit a
  // header without our mark, and whoever starts then, or after a kill, would take the file for another application's.
  database.exec('BEGIN');
  // Only before the first table is made; later it changes nothing. In any case it takes the lock for writing.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  // Another process may be at it too, so the version is looked at once more under the lock.
  const version = versionOf(database);
  if (version > migrations.length) database.exec('ROLLBACK');
  refuseNewerSchema(version);
  if (version === 0 && hasTables(database)) {
    database.exec('ROLLBACK');
    throw damaged('it has tables, but their version is gone');
  }
  for (const statements of migrations.slice(version)) database.exec(statements);
  database.exec(`PRAGMA application_id = ${String(applicationId)}`);
  database.exec(`PRAGMA user_version = ${String(migrations.length)}`);
  database.exec('COMMIT');
}

/** Whether this version of the package does not know a version of the schema yet. */
export function isNewerSchema(version: number): boolean {
  return version > migrations.length;
}

/** Throws `CRMConfigError` for a version of the schema that this version of the package does not know. */
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

function versionOf(database: SqliteDatabase): number {
  return Number((database.prepare('PRAGMA user_version').get() as SqliteRow)['user_version']);
}
