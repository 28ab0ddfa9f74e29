import { proveTransaction } from '../prove-transaction.js';
import type { StatementValue } from '../transaction.js';
import { hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** kysely: a transaction. Since version 0.28 it rejects by itself what comes after its end. */
export function kyselyTransaction(handle: Handle): TransactionFinding | undefined {
  if (!hasMethods(handle, 'executeQuery', 'getExecutor')) return undefined;
  if (handle['isTransaction'] !== true) return { refusal: root };
  const run = (text: string, values: readonly StatementValue[]): unknown =>
    handle.executeQuery(compiledQuery(text, [...values]));

  if (hasMethods(handle, 'startTransaction')) return { run: ({ text, values }) => run(text, values) };
  return {
    run: async ({ text, values }) => {
      await proveTransaction((sql) => run(sql, []), ended);
      await run(text, values);
    },
  };
}

/** What kysely's CompiledQuery.raw makes; plugins may keep something by the query's id, which is an object for that. */
function compiledQuery(sql: string, parameters: readonly StatementValue[]): unknown {
  const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] };
  return { sql, parameters, query, queryId: { queryId: 'crm-notifier' } };
}

const root =
  'the kysely instance, which runs each statement by itself: pass what db.transaction().execute(async (trx) => …) hands to ' +
  'its callback';
const ended =
  'a transaction of kysely that has ended: await crm.in(tx) inside the callback of db.transaction().execute';
