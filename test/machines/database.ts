import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type QueryResultRow } from 'pg';

/** A notification that a committed change owes to the CRM. */
export interface Owed {
  readonly booking: number;
  readonly version: number;
  readonly part: number;
  readonly nonce: string;
  /** Told of in the change's own transaction, or by a hook alone. */
  readonly kind: 'told' | 'plain';
}

/** The database of the apps, as the audit sees it: by connections of its own, past the networks. */
export interface AuditDatabase {
  /** The process that leads now, and until when its lease lasts, by the server's clock; undefined while none does. */
  leader(): Promise<Leader | undefined>;
  /** Gives the lease to another of these processes, if there is one; who has it now still believes it leads. */
  moveLease(pids: readonly number[]): Promise<boolean>;
  /** Everything that was committed. */
  owed(): Promise<readonly Owed[]>;
  /** What is not at the CRM yet, and what will never be. */
  left(): Promise<{ readonly pending: number; readonly dead: number }>;
  close(): Promise<void>;
}

export interface Leader {
  readonly id: string;
  readonly pid: number;
}

const retryMs = 50;
const giveUpMs = 60_000;

export async function openAuditDatabase(url: string): Promise<AuditDatabase> {
  const pool = new Pool({ connectionString: url, max: 3 });
  // The server is stopped now and then.
  pool.on('error', () => undefined);

  /** Tries again while the server is away. */
  const ask = async <Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly Row[]> => {
    const sinceMs = performance.now();
    for (;;) {
      try {
        return (await pool.query<Row>(text, values)).rows;
      } catch (error) {
        if (performance.now() - sinceMs > giveUpMs) throw error;
        await pause(retryMs);
      }
    }
  };

  await ask('CREATE TABLE bookings (id bigint PRIMARY KEY, version integer NOT NULL)');
  await ask(`CREATE TABLE changes (
    booking bigint NOT NULL, version integer NOT NULL, part integer NOT NULL, nonce text NOT NULL, kind text NOT NULL,
    PRIMARY KEY (booking, version, part))`);

  return {
    async leader() {
      const [leader] = await ask<{ id: string; pid: number }>(
        `SELECT p.id, p.pid FROM crm_outbox_state s JOIN crm_outbox_processes p ON p.id = s.leader
          WHERE s.leads_until > clock_timestamp()`,
      );
      return leader;
    },
    async moveLease(pids) {
      const moved = await ask(
        `UPDATE crm_outbox_state SET leader = other.id, leads_until = clock_timestamp() + interval '3500 ms'
           FROM (SELECT p.id FROM crm_outbox_processes p, crm_outbox_state s
                  WHERE p.id <> s.leader AND p.pid = ANY ($1) ORDER BY random() LIMIT 1) other RETURNING other.id`,
        [pids],
      );
      return moved.length > 0;
    },
    async owed() {
      const rows = await ask<Omit<Owed, 'booking'> & { booking: string }>('SELECT * FROM changes');
      return rows.map((row) => ({ ...row, booking: Number(row.booking) }));
    },
    async left() {
      const [left] = await ask<{ pending: string; dead: string }>(
        'SELECT (SELECT count(*) FROM crm_outbox) AS pending, (SELECT count(*) FROM crm_outbox_dead) AS dead',
      );
      return { pending: Number(left?.pending), dead: Number(left?.dead) };
    },
    close: () => pool.end(),
  };
}
