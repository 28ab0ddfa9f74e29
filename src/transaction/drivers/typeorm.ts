import { asHandle, hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** typeorm: a query runner with an open transaction, or the entity manager of one. */
export function typeOrmTransaction(handle: Handle): TransactionFinding | undefined {
  if (hasMethods(handle, 'createQueryRunner', 'getRepository')) return { refusal: root };
  if (typeof handle['isTransactionActive'] === 'boolean') return queryRunnerTransaction(handle);
  if (!hasMethods(handle, 'getRepository', 'getTreeRepository')) return undefined;
  const queryRunner = asHandle(handle['queryRunner']);
  return (queryRunner && queryRunnerTransaction(queryRunner)) ?? { refusal: manager };
}

function queryRunnerTransaction(queryRunner: Handle): TransactionFinding | undefined {
  if (!hasMethods(queryRunner, 'query', 'startTransaction')) return undefined;
  if (queryRunner['isTransactionActive'] !== true) return { refusal: idle };
  return { run: ({ text, values }) => queryRunner.query(text, [...values]) };
}

const inCallback = 'pass what dataSource.transaction(async (manager) => …) hands to its callback';
const root = `the data source of typeorm, which runs each statement by itself: ${inCallback}`;
const manager = `an entity manager of typeorm without a transaction: ${inCallback}`;
const idle = `a query runner of typeorm without an open transaction: await startTransaction() first, or ${inCallback}`;
