import { isPromiseLike } from '../core/call-safely.js';
import { drizzleTransaction } from './drivers/drizzle.js';
import { functionTransaction } from './drivers/function.js';
import { knexTransaction } from './drivers/knex.js';
import { kyselyTransaction } from './drivers/kysely.js';
import { mikroOrmTransaction } from './drivers/mikro-orm.js';
import { pgTransaction } from './drivers/pg.js';
import { postgresJsTransaction } from './drivers/postgres-js.js';
import { prismaTransaction } from './drivers/prisma.js';
import { sequelizeTransaction } from './drivers/sequelize.js';
import { typeOrmTransaction } from './drivers/typeorm.js';
import { refused } from './refused.js';
import type { Statement, Transaction } from './transaction.js';
import { asHandle, type Handle, type TransactionFinding } from './transaction-finding.js';

/**
 * Runs a statement in the caller's transaction. Rejects with CRMValidationError if `tx` is not a transaction that can be told
 * apart, or is a root handle that would commit by itself; with the driver's own error if the statement fails.
 */
export async function executeIn(tx: Transaction, statement: Statement): Promise<void> {
  const finding = findTransaction(tx);
  if ('refusal' in finding) throw refused(finding.refusal);
  await finding.run(statement);
}

/** Each returns undefined for a handle that is not its driver's. A function of the app has no marks, so it comes last. */
const drivers: readonly ((handle: Handle) => TransactionFinding | undefined)[] = [
  prismaTransaction,
  mikroOrmTransaction,
  kyselyTransaction,
  typeOrmTransaction,
  sequelizeTransaction,
  drizzleTransaction,
  pgTransaction,
  postgresJsTransaction,
  knexTransaction,
  functionTransaction,
];

function findTransaction(tx: unknown): TransactionFinding {
  try {
    const handle = asHandle(tx);
    if (handle === undefined) return { refusal: unknownHandle };
    for (const find of drivers) {
      const finding = find(handle);
      if (finding !== undefined) return finding;
    }
    return { refusal: isPromiseLike(tx) ? 'a promise: await it, and pass the transaction' : unknownHandle };
  } catch {
    // A getter that throws, a proxy that was revoked. Whatever it threw may hold anything, so none of it is kept.
    return { refusal: `not to be read: looking at its properties throws. ${anyOther}` };
  }
}

const anyOther = 'Of any other driver, pass a function: crm.in((text, values) => client.query(text, values))';
const unknownHandle =
  'not a transaction of pg, postgres.js, knex, kysely, drizzle, typeorm, sequelize, mikro-orm or Prisma: pass what the ' +
  `driver hands to its transaction's callback. ${anyOther}`;
