import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { CRMConfigError } from '../../core/errors.js';
import { loadSqlite, type OpenSqlite, type SqliteDatabase } from '../../outbox/sqlite/sqlite-driver.js';
import type { ReceiverStore } from '../receiver-store.js';
import { defaultKeepMs, keepMsIssues, pruneEveryMs } from './keep-ms.js';

export interface SqliteStoreOptions {
  /** The file; it is made if it is missing, with the directories above it. Several processes of one machine can share it. */
  readonly file: string;
  /**
   * How long an id is remembered, in milliseconds.
   * @default 3_456_000_000 (40 days)
   */
  readonly keepMs?: number | undefined;
}

/** A store in a file. Close it once no more requests come. */
export interface SqliteStore extends ReceiverStore {
  close(): void;
}

const busyTimeoutMs = 5_000;

/**
 * Remembers ids in an SQLite file, so also after a restart. An id is written once its handler has done its work: if the process
 * dies between the two, a repeated notification is handled again.
 *
 * Throws `CRMConfigError` for an invalid option, a file that cannot be used, and without SQLite: Node brings it from 22.13 on,
 * before that `npm install @photostructure/sqlite@1`.
 */
export function sqliteStore({ file, keepMs = defaultKeepMs }: SqliteStoreOptions): SqliteStore {
  const issues = [...keepMsIssues(keepMs)];
  if (typeof (file as unknown) !== 'string' || file === '') {
    issues.push({ path: 'store.file', message: 'must be the path of a file' });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  const database = open(file);
  const find = database.prepare('SELECT 1 FROM received WHERE notification_id = ?');
  const add = database.prepare('INSERT OR IGNORE INTO received (notification_id, received_at) VALUES (?, ?)');
  const prune = database.prepare('DELETE FROM received WHERE received_at < ?');
  let prunedAt = 0;

  return {
    async handleOnce(id, handle) {
      if (find.get(id) !== undefined) return 'duplicate';
      await handle(undefined);
      const now = systemClock.now();
      add.run(id, now);
      if (now - prunedAt > pruneEveryMs) {
        prunedAt = now;
        prune.run(now - keepMs);
      }
      return 'handled';
    },
    close() {
      database.close();
    },
  };
}

function open(file: string): SqliteDatabase {
  const openSqlite = load();
  try {
    mkdirSync(dirname(file), { recursive: true });
    const database = openSqlite(file);
    try {
      database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
      database.exec('PRAGMA journal_mode = WAL');
      // A power cut may take the last ids, but most of their senders have heard that the CRM has taken them.
      database.exec('PRAGMA synchronous = NORMAL');
      database.exec(
        `CREATE TABLE IF NOT EXISTS received (notification_id TEXT PRIMARY KEY, received_at INTEGER NOT NULL)
         STRICT, WITHOUT ROWID`,
      );
      database.exec('CREATE INDEX IF NOT EXISTS received_by_age ON received (received_at)');
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } catch (cause) {
    throw problem(`cannot be used: ${(cause as Error).message}`, cause);
  }
}

function load(): OpenSqlite {
  try {
    return loadSqlite();
  } catch (cause) {
    const message = `needs SQLite, which Node ${process.versions.node} does not bring or cannot load`;
    throw problem(`${message}: use Node 22.13 or newer, or npm install @photostructure/sqlite@1`, cause);
  }
}

function problem(message: string, cause: unknown): CRMConfigError {
  return new CRMConfigError([{ path: 'store.file', message }], { cause });
}
