import { Client } from 'pg';
import { executeIn } from '../../src/transaction/execute-in.js';
import type { Transaction } from '../../src/transaction/transaction.js';
import { describeTransactions, insertion, type Work } from './transaction-contract.js';

describeTransactions(
  'a function',
  async (url) => {
    const client = new Client(url);
    await client.connect();
    const transaction = async (work: Work): Promise<void> => {
      let isOpen = true;
      await client.query('BEGIN');
      try {
        await work(async (text, values) => {
          if (!isOpen) throw new Error('the app says that it is over');
          return client.query(text, values);
        });
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        isOpen = false;
      }
    };
    return {
      transaction,
      withSavepoint: (work, nested) =>
        transaction(async (tx) => {
          await work(tx);
          await client.query('SAVEPOINT mine');
          await nested(tx).catch(() => client.query('ROLLBACK TO SAVEPOINT mine'));
        }),
      close: () => client.end(),
    };
  },
  { failure: /^DatabaseError$/, ended: /^the app says that it is over$/ },
);

describe('a function that does not do its part', () => {
  it('rejects if it returns no promise, as nobody would hear of a failure', async () => {
    const forgetful = (() => undefined) as unknown as Transaction;
    await expect(executeIn(forgetful, insertion(1))).rejects.toThrow(/`tx` is a function that returns no promise/);
  });

  it('rejects with what it throws', async () => {
    const failing: Transaction = () => {
      throw new Error('no connection');
    };
    await expect(executeIn(failing, insertion(1))).rejects.toThrow('no connection');
  });
});
