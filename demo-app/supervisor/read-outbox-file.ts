import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { MAX_DEAD_ENTRIES, MAX_PENDING_ENTRIES } from './outbox-reading.js';
import type { OutboxEntry, OutboxReading, ReadOutbox } from './outbox-reading.js';

const BUSY_TIMEOUT_MS = 1000;
const EMPTY: OutboxReading = { pending: 0, dead: 0, oldestAt: null, entries: [] };

/**
 * Reads an outbox's file, also while no app runs. It opens the file each time, because an app may replace it, and throws while the
 * file cannot be read, as while an app makes its tables.
 */
export function outboxFileReader(outboxDirectory: string): ReadOutbox {
  const file = join(outboxDirectory, 'outbox.db');
  // Before the first start of an app there is none.
  return () => (existsSync(file) ? readFile(file) : EMPTY);
}

function readFile(file: string): OutboxReading {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('BEGIN');
    const counts = database
      .prepare(
        `SELECT (SELECT count(*) FROM pending) AS pending, (SELECT count(*) FROM dead) AS dead,
           (SELECT accepted_at FROM pending ORDER BY position LIMIT 1) AS oldestAt`,
      )
      .get() as Omit<OutboxReading, 'entries'>;
    const pending = database
      .prepare("SELECT id, type, lane, attempts, 'pending' AS state FROM pending ORDER BY position LIMIT ?")
      .all(MAX_PENDING_ENTRIES) as OutboxEntry[];
    const dead = database
      .prepare("SELECT id, type, lane, attempts, 'dead' AS state FROM dead ORDER BY position DESC LIMIT ?")
      .all(MAX_DEAD_ENTRIES) as OutboxEntry[];
    return { ...counts, entries: [...pending, ...dead] };
  } finally {
    database.close();
  }
}
