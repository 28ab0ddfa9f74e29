import { knex } from 'knex';
import { describeTransactions } from './transaction-contract.js';

describeTransactions(
  'knex',
  async (url) => {
    const db = knex({ client: 'pg', connection: url });
    return {
      transaction: (work) => db.transaction((trx) => work(trx)),
      withSavepoint: (work, nested) =>
        db.transaction(async (trx) => {
          await work(trx);
          await trx.transaction((inner) => nested(inner)).catch(() => undefined);
        }),
      refused: {
        'the instance': { handle: db, fix: /pass what knex\.transaction\(/ },
      },
      close: () => db.destroy(),
    };
  },
  {
    failure: /^DatabaseError$/,
    ended: /Transaction query already complete/,
    refused: ['the instance'],
  },
);
