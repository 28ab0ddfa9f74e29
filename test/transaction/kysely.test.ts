import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { describeTransactions } from './transaction-contract.js';

describeTransactions(
  'kysely',
  async (url) => {
    const db = new Kysely<object>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
      plugins: [new CamelCasePlugin()],
    });
    return {
      transaction: (work) => db.transaction().execute((trx) => work(trx)),
      withSavepoint: async (work, nested) => {
        const trx = await db.startTransaction().execute();
        await work(trx);
        const inner = await trx.savepoint('mine').execute();
        await nested(inner.withSchema('public')).catch(() => inner.rollbackToSavepoint('mine').execute());
        await trx.commit().execute();
      },
      refused: { 'the instance': { handle: db, fix: /pass what db\.transaction\(\)\.execute\(/ } },
      close: () => db.destroy(),
    };
  },
  { failure: /^DatabaseError$/, ended: /Transaction is already committed/, refused: ['the instance'] },
);
