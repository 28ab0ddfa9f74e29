import type { Transaction } from '../../src/transaction/transaction.js';
import { describeTransactions, type ContractOptions, type DriverInUse } from './transaction-contract.js';

/** As much of sequelize as is used here: its own types do not compile with this project's strictness. */
interface Sequelize {
  transaction(work: (transaction: Transaction) => Promise<void>): Promise<void>;
  transaction(options: object, work: (transaction: Transaction) => Promise<void>): Promise<void>;
  transaction(options?: object): Promise<Transaction & { commit(): Promise<void> }>;
  close(): Promise<void>;
}

async function connect(url: string, options: object = {}): Promise<Sequelize> {
  const { Sequelize } = (await import(require.resolve('sequelize'))) as {
    Sequelize: new (url: string, options: object) => Sequelize;
  };
  return new Sequelize(url, { logging: false, ...options });
}

/** The sequelize way to a transaction and a savepoint in it. */
const waysOf = (sequelize: Sequelize): Pick<DriverInUse, 'transaction' | 'withSavepoint' | 'close'> => ({
  transaction: (work) => sequelize.transaction((transaction) => work(transaction)),
  withSavepoint: (work, nested) =>
    sequelize.transaction(async (transaction) => {
      await work(transaction);
      await sequelize.transaction({ transaction }, (inner) => nested(inner)).catch(() => undefined);
    }),
  close: () => sequelize.close(),
});

const options: ContractOptions = {
  failure: /^UniqueConstraintError$/,
  ended: /`tx` is a transaction of sequelize that has ended/,
};

describeTransactions(
  'sequelize',
  async (url) => {
    const sequelize = await connect(url);
    const ended = await sequelize.transaction();
    const savepointOfEnded = await sequelize.transaction({ transaction: ended });
    await ended.commit();
    return {
      ...waysOf(sequelize),
      refused: {
        'the instance': { handle: sequelize, fix: /pass what sequelize\.transaction\(/ },
        'a savepoint whose transaction has ended': {
          handle: savepointOfEnded,
          fix: /await crm\.in\(tx\) before its commit/,
        },
      },
    };
  },
  { ...options, refused: ['the instance', 'a savepoint whose transaction has ended'] },
);

describeTransactions(
  'sequelize that prepends its search path',
  async (url) => waysOf(await connect(url, { dialectOptions: { prependSearchPath: true } })),
  options,
);
