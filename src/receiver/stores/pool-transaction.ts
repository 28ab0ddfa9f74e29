import type { PgTransaction } from '../../transaction/transaction.js';

/** The part of `pg.Pool` that is used. Both forms are named, so that the client's type is found. */
export interface PgPool<Client> {
  connect(): Promise<Client>;
  connect(callback: (...args: never[]) => void): void;
}

/** A client that the pool has lent. */
export interface PgPoolClient extends PgTransaction {
  on(event: 'error', listener: () => void): unknown;
  off(event: 'error', listener: () => void): unknown;
  /** `true` closes its connection. */
  release(error?: Error | boolean): void;
}

/** Runs the work in a transaction on a client of the pool; commits it, or rolls it back if the work rejects. */
export async function inPoolTransaction<Client extends PgPoolClient>(
  pool: PgPool<Client>,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  // When the connection is lost, the statement that is under way rejects as well.
  client.on('error', ignore);
  let isUsable = true;
  try {
    await client.query('BEGIN', []);
    await work(client);
    await client.query('COMMIT', []);
  } catch (error) {
    isUsable = await isRolledBack(client);
    throw error;
  } finally {
    client.off('error', ignore);
    // Nobody else shall get a client in a transaction.
    client.release(!isUsable);
  }
}

async function isRolledBack(client: PgPoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK', []);
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {
  // See above.
}
