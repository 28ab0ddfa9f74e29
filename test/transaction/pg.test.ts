import { Client, Pool, type ClientBase } from 'pg';
import { describeTransactions, type ContractOptions, type Work } from './transaction-contract.js';

/** The transaction that one writes by hand, as pg has no function for it. */
async function inTransaction(client: ClientBase, work: Work): Promise<void> {
  await client.query('BEGIN');
  try {
    await work(client);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The same with a savepoint in it. */
async function withSavepoint(client: ClientBase, work: Work, nested: Work): Promise<void> {
  await inTransaction(client, async () => {
    await work(client);
    await client.query('SAVEPOINT mine');
    await nested(client).catch(() => client.query('ROLLBACK TO SAVEPOINT mine'));
  });
}

const options: ContractOptions = {
  failure: /^DatabaseError$/,
  ended: /`tx` is a pg client without an open transaction/,
};

describeTransactions(
  'a pg client',
  async (url) => {
    const [client, idle] = [new Client(url), new Client(url)];
    await Promise.all([client.connect(), idle.connect()]);
    const fix = /await client\.query\('BEGIN'\)/;
    return {
      transaction: (work) => inTransaction(client, work),
      withSavepoint: (work, nested) => withSavepoint(client, work, nested),
      refused: {
        'a client without a transaction': { handle: idle, fix },
        'a client that is not connected': { handle: new Client(url), fix },
      },
      close: () => Promise.all([client.end(), idle.end()]),
    };
  },
  { ...options, refused: ['a client without a transaction', 'a client that is not connected'] },
);

describeTransactions(
  'a client of a pg before 8.21, which does not tell whether a transaction is open',
  async (url) => {
    const client = new Client(url);
    Object.assign(client, { getTransactionStatus: undefined });
    await client.connect();
    return {
      transaction: (work) => inTransaction(client, work),
      withSavepoint: (work, nested) => withSavepoint(client, work, nested),
      close: () => client.end(),
    };
  },
  options,
);

describeTransactions(
  'a client of a pg pool',
  async (url) => {
    const pool = new Pool({ connectionString: url });
    const withClient = async (use: (client: ClientBase) => Promise<void>): Promise<void> => {
      const client = await pool.connect();
      await use(client).finally(() => {
        client.release();
      });
    };
    return {
      transaction: (work) => withClient((client) => inTransaction(client, work)),
      withSavepoint: (work, nested) => withClient((client) => withSavepoint(client, work, nested)),
      refused: { 'the pool': { handle: pool, fix: /check out a client with pool\.connect\(\)/ } },
      close: () => pool.end(),
    };
  },
  { ...options, refused: ['the pool'] },
);
