import type { Transaction } from '../../src/transaction/transaction.js';
import { describeTransactions } from './transaction-contract.js';

/** As much of mikro-orm as is used here: its own types do not compile with this project's strictness. */
interface EntityManager {
  fork(): EntityManager;
  transactional(work: (em: EntityManager & Transaction) => Promise<void>): Promise<void>;
}
interface MikroORM {
  readonly em: EntityManager;
  close(): Promise<void>;
}

describeTransactions(
  'mikro-orm',
  async (url) => {
    const { MikroORM } = (await import(require.resolve('@mikro-orm/postgresql'))) as {
      MikroORM: { init(options: object): Promise<MikroORM> };
    };
    const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
    return {
      transaction: (work) => orm.em.fork().transactional((em) => work(em)),
      withSavepoint: (work, nested) =>
        orm.em.fork().transactional(async (em) => {
          await work(em);
          await em.transactional((inner) => nested(inner)).catch(() => undefined);
        }),
      refused: {
        'the global entity manager': { handle: orm.em, fix: /pass what em\.transactional\(/ },
        'a fork without a transaction': { handle: orm.em.fork(), fix: /pass what em\.transactional\(/ },
      },
      close: () => orm.close(),
    };
  },
  {
    failure: /^DatabaseError$/,
    ended: /Transaction query already complete/,
    refused: ['the global entity manager', 'a fork without a transaction'],
  },
);
