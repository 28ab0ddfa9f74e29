import { asHandle, hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** sequelize: a transaction; it knows its instance, which runs the statement. */
export function sequelizeTransaction(handle: Handle): TransactionFinding | undefined {
  if (hasMethods(handle, 'authenticate', 'define', 'query', 'transaction')) return { refusal: root };
  const sequelize = asHandle(handle['sequelize']);
  if (!sequelize || !hasMethods(sequelize, 'query') || !hasMethods(handle, 'afterCommit')) return undefined;
  if (hasEnded(handle)) return { refusal: ended };
  return {
    run: ({ text, values }) =>
      sequelize.query(text, {
        bind: [...values],
        transaction: handle,
        type: 'RAW',
        raw: true,
        // Otherwise an app's `prependSearchPath` makes two statements of it, and PostgreSQL takes values for one only.
        supportsSearchPath: false,
      }),
  };
}

/** A savepoint has ended with the transaction around it, too; sequelize would still use the connection. */
function hasEnded(transaction: Handle): boolean {
  for (let link: Handle | undefined = transaction; link !== undefined; link = asHandle(link['parent'])) {
    if (link['finished'] !== undefined) return true;
  }
  return false;
}

const root =
  'the sequelize instance, which runs each statement by itself: pass what sequelize.transaction(async (transaction) => …) ' +
  'hands to its callback';
const ended = 'a transaction of sequelize that has ended: await crm.in(tx) before its commit';
