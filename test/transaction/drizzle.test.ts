import { Pool } from 'pg';
import postgres from 'postgres';
import type { Transaction } from '../../src/transaction/transaction.js';
import { describeTransactions, type ContractOptions, type DriverInUse, type Work } from './transaction-contract.js';

/** As much of drizzle as is used here: its own types do not compile without those of every database that it knows. */
interface Database {
  transaction(work: (tx: Database & Transaction) => Promise<void>): Promise<void>;
}
interface Drizzle {
  drizzle(client: unknown): Database;
}

const options: ContractOptions = {
  failure: /^(DatabaseError|PostgresError)$/,
  ended: /`tx` is a transaction of drizzle that has ended/,
  refused: ['the database'],
};

/** `seen` is what the app passes as its transaction. */
function inUse(db: Database, close: () => Promise<unknown>, seen = (tx: Transaction): Transaction => tx): DriverInUse {
  return {
    transaction: (work) => db.transaction((tx) => work(seen(tx))),
    withSavepoint: (work: Work, nested: Work) =>
      db.transaction(async (tx) => {
        await work(seen(tx));
        await tx.transaction((inner) => nested(seen(inner))).catch(() => undefined);
      }),
    refused: { 'the database': { handle: db, fix: /pass what db\.transaction\(/ } },
    close,
  };
}

async function onNodePostgres(url: string, seen?: (tx: Transaction) => Transaction): Promise<DriverInUse> {
  const { drizzle } = (await import(require.resolve('drizzle-orm/node-postgres'))) as Drizzle;
  const pool = new Pool({ connectionString: url });
  return inUse(drizzle(pool), () => pool.end(), seen);
}

describeTransactions('drizzle on node-postgres', (url) => onNodePostgres(url), options);

describeTransactions(
  'drizzle on postgres.js',
  async (url) => {
    const { drizzle } = (await import(require.resolve('drizzle-orm/postgres-js'))) as Drizzle;
    const sql = postgres(url, { max: 1 });
    return inUse(drizzle(sql), () => sql.end());
  },
  options,
);

/** As with drizzle's other drivers: what is below the transaction is nothing that is known here. */
const withoutSession = (tx: Transaction): Transaction =>
  new Proxy(tx, {
    get: (target, name) => {
      const value: unknown = name === 'session' ? undefined : Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

// Those know for themselves when a transaction has ended.
const { ended: _, ...anyDriver } = options;
describeTransactions('drizzle on any other driver', (url) => onNodePostgres(url, withoutSession), anyDriver);
