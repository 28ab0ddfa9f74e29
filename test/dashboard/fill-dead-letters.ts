import { openConnection, closeConnection } from '../../src/outbox/sqlite/connection.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../src/outbox/sqlite/outbox-directory.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';

/** Inserts dead letters into the outbox of a directory by SQL, which is much faster than letting each one die. */
export async function fillDeadLetters(directory: string, count: number): Promise<void> {
  const file = prepareOutboxFile(prepareOutboxDirectory(directory));
  const database = openConnection(loadSqlite(), { file, sync: 'normal' });
  const now = String(Date.now());
  database.exec(`
    BEGIN;
    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${String(count)})
    INSERT INTO dead (target, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, body)
      SELECT 'crm', ${idInSql}, 'booking_created', 'booking:' || n, ${now}, ${now}, 1, 'rejected', 422, 'user ' || n || ' is unknown',
        CAST('{"notification_id":"' || ${idInSql} || '","user_id":1,"message":"Alice Example moved"}' AS BLOB)
      FROM number;
    UPDATE tally SET dead = ${String(count)};
    COMMIT;`);
  closeConnection(database);
}

const idInSql = "printf('01990000-0000-7000-8000-%012d', n)";

export function idOfLetter(number: number): string {
  return `01990000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}
