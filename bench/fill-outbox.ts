import { createRequire } from 'node:module';
import type * as History from '../src/history/sqlite-history.js';
import type * as Connection from '../src/outbox/sqlite/connection.js';
import type * as Directory from '../src/outbox/sqlite/outbox-directory.js';
import type * as Driver from '../src/outbox/sqlite/sqlite-driver.js';

const require = createRequire(import.meta.url);
const built = (file: string): unknown => require(`../dist/cjs/${file}.js`);
const { openConnection, closeConnection } = built('outbox/sqlite/connection') as typeof Connection;
const { prepareOutboxDirectory, prepareOutboxFile } = built('outbox/sqlite/outbox-directory') as typeof Directory;
const { loadSqlite } = built('outbox/sqlite/sqlite-driver') as typeof Driver;
const { createSqliteHistory } = built('history/sqlite-history') as typeof History;

/** Makes an outbox with so many pending notifications, each third of a lane of its own, by SQL: nobody has a minute to wait. */
export function fillOutbox(directory: string, count: number): void {
  const file = prepareOutboxFile(prepareOutboxDirectory(directory));
  const database = openConnection(loadSqlite(), { file, sync: 'normal' });
  const now = Date.now();
  database.exec(`
    BEGIN;
    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${count}),
      identified(n, id) AS (SELECT n, printf('01990000-0000-7000-8000-%012x', n) FROM number)
    INSERT INTO pending (target, id, type, lane, occurred_at, accepted_at, body)
      SELECT 'crm', id, 'booking_created', 'booking:' || (n / 3), ${now}, ${now},
        CAST('{"notification_id":"' || id || '","notification_type":"booking_created","user_id":123,"message":"Booking ' || n ||
          ' created","timestamp":"2026-11-24T01:02:03.004Z","additional_data":{"booking_id":' || n ||
          ',"session_id":789,"action":"created"}}' AS BLOB)
      FROM identified;
    UPDATE tally SET last_position = ${count}, pending = ${count}, pending_bytes = (SELECT sum(length(body)) FROM pending);
    COMMIT;`);
  closeConnection(database);
}

/** Adds so many dead letters. */
export function fillDead(directory: string, count: number): void {
  const file = prepareOutboxFile(prepareOutboxDirectory(directory));
  const database = openConnection(loadSqlite(), { file, sync: 'normal' });
  const now = Date.now();
  database.exec(`
    BEGIN;
    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${count}),
      identified(n, id) AS (SELECT n, printf('01980000-0000-7000-8000-%012x', n) FROM number)
    INSERT INTO dead (target, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, body)
      SELECT 'crm', id, 'booking_created', 'booking:' || (n / 3), ${now}, ${now}, 1, 'rejected', 422, 'no such user',
        CAST('{"notification_id":"' || id || '","user_id":123,"message":"Booking ' || n || ' created"}' AS BLOB)
      FROM identified;
    UPDATE tally SET dead = ${count};
    COMMIT;`);
  closeConnection(database);
}

/** Keeps so many delivered notifications beside the outbox. */
export async function fillDelivered(directory: string, count: number): Promise<void> {
  const now = Date.now();
  const history = createSqliteHistory({
    open: loadSqlite(),
    outboxFile: prepareOutboxFile(prepareOutboxDirectory(directory)),
    now: () => now,
    keptDelivered: { count, ms: 3_600_000 },
  });
  const delivered = Array.from({ length: count }, (_, index) => ({
    id: `01970000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
    target: 'crm',
    type: 'booking_created',
    lane: `booking:${String(Math.floor(index / 3))}`,
    acceptedAt: now,
    deliveredAt: now,
    attempts: 1,
    status: 200,
    durationMs: 2.5,
  }));
  const process = { startedAt: now, leadsSince: null, targets: {} };
  await history.report({ process, minutes: [], types: [], entries: [], delivered });
  await history.close();
}
