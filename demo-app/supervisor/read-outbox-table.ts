import { Pool } from 'pg';
import { MAX_DEAD_ENTRIES, MAX_PENDING_ENTRIES } from './outbox-reading.js';
import type { OutboxEntry, OutboxReading, ReadOutbox } from './outbox-reading.js';

/** Reads the outbox's tables in PostgreSQL. */
export function outboxTableReader(url: string): { readonly read: ReadOutbox; close(): Promise<void> } {
  const pool = new Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 2000 });
  // A connection that is not in use has broken; the pool makes another one. Without a listener the process would end.
  pool.on('error', () => undefined);
  return {
    async read() {
      const counts = await pool.query<Omit<OutboxReading, 'entries'>>(
        `SELECT (SELECT count(*) FROM crm_outbox)::integer AS pending,
           (SELECT count(*) FROM crm_outbox_dead)::integer AS dead,
           (SELECT extract(epoch FROM accepted_at) * 1000 FROM crm_outbox ORDER BY seq LIMIT 1)::float8 AS "oldestAt"`,
      );
      const pending = await pool.query<OutboxEntry>(
        `SELECT id, type, lane, attempts, 'pending' AS state FROM crm_outbox ORDER BY seq LIMIT $1`,
        [MAX_PENDING_ENTRIES],
      );
      const dead = await pool.query<OutboxEntry>(
        `SELECT id, type, lane, attempts, 'dead' AS state FROM crm_outbox_dead ORDER BY position DESC LIMIT $1`,
        [MAX_DEAD_ENTRIES],
      );
      const [{ pending: pendingCount, dead: deadCount, oldestAt } = { pending: 0, dead: 0, oldestAt: null }] =
        counts.rows;
      return { pending: pendingCount, dead: deadCount, oldestAt, entries: [...pending.rows, ...dead.rows] };
    },
    close: () => pool.end(),
  };
}
