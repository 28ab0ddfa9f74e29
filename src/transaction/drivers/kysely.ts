import { hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** kysely: a transaction, which rejects by itself what comes after its end. */
export function kyselyTransaction(handle: Handle): TransactionFinding | undefined {
  if (!hasMethods(handle, 'executeQuery', 'getExecutor')) return undefined;
  if (handle['isTransaction'] !== true) return { refusal: root };
  return {
    // What CompiledQuery.raw of kysely makes; plugins may keep something by the query's id, which is an object for that.
    run: ({ text, values }) =>
      handle.executeQuery({
        sql: text,
        parameters: [...values],
        query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
        queryId: { queryId: 'crm-notifier' },
      }),
  };
}

const root =
  'the kysely instance, which runs each statement by itself: pass what db.transaction().execute(async (trx) => …) hands to ' +
  'its callback';
