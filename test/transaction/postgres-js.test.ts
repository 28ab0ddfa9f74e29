import postgres from 'postgres';
import { describeTransactions } from './transaction-contract.js';

describeTransactions(
  'postgres.js',
  async (url) => {
    const sql = postgres(url, { max: 2 });
    const reserved = await sql.reserve();
    return {
      transaction: (work) => sql.begin((tx) => work(tx)),
      withSavepoint: (work, nested) =>
        sql.begin(async (tx) => {
          await work(tx);
          await tx.savepoint((inner) => nested(inner)).catch(() => undefined);
        }),
      refused: {
        'the root `sql`': { handle: sql, fix: /pass what sql\.begin\(/ },
        'a reserved connection': { handle: reserved, fix: /pass what sql\.begin\(/ },
      },
      close: () => {
        reserved.release();
        return sql.end();
      },
    };
  },
  {
    failure: /^PostgresError$/,
    ended: /`tx` is a transaction of postgres\.js that has ended/,
    refused: ['the root `sql`', 'a reserved connection'],
  },
);
