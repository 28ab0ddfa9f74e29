import 'reflect-metadata';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Transaction } from '../../src/transaction/transaction.js';
import { describeTransactions, type ContractOptions, type Work } from './transaction-contract.js';

const options: ContractOptions = {
  failure: /^QueryFailedError$/,
  ended: /`tx` is a query runner of typeorm without an open transaction/,
  refused: ['the data source', 'its entity manager', 'an idle query runner'],
};

describeTransactions(
  "typeorm's entity manager",
  async (url) => {
    const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    const idle = dataSource.createQueryRunner();
    return {
      transaction: (work) => dataSource.transaction((manager) => work(manager)),
      withSavepoint: (work, nested) =>
        dataSource.transaction(async (manager) => {
          await work(manager);
          await manager.transaction((inner) => nested(inner)).catch(() => undefined);
        }),
      refused: {
        'the data source': { handle: dataSource, fix: /pass what dataSource\.transaction\(/ },
        'its entity manager': { handle: dataSource.manager, fix: /pass what dataSource\.transaction\(/ },
        'an idle query runner': { handle: idle, fix: /await startTransaction\(\) first/ },
      },
      close: () => dataSource.destroy(),
    };
  },
  options,
);

describeTransactions(
  "typeorm's query runner",
  async (url) => {
    const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    /** A transaction by hand; within one that is open it is a savepoint. */
    const inTransaction = async (queryRunner: QueryRunner, work: Work): Promise<void> => {
      await queryRunner.startTransaction();
      try {
        await work(queryRunner);
        await queryRunner.commitTransaction();
      } catch (error) {
        await queryRunner.rollbackTransaction();
        throw error;
      }
    };
    const transaction = async (work: Work, nested?: Work): Promise<void> => {
      const queryRunner = dataSource.createQueryRunner();
      const both = async (tx: Transaction): Promise<void> => {
        await work(tx);
        if (nested !== undefined) await inTransaction(queryRunner, nested).catch(() => undefined);
      };
      await inTransaction(queryRunner, both).finally(() => queryRunner.release());
    };
    return { transaction: (work) => transaction(work), withSavepoint: transaction, close: () => dataSource.destroy() };
  },
  { failure: options.failure, ended: options.ended! },
);
