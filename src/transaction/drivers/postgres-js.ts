import { proveTransaction } from '../prove-transaction.js';
import { hasMethods, isFunction, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** postgres.js: what `sql.begin` hands to its callback. `ended`: what it is after that, for a refusal. */
export function postgresJsTransaction(handle: Handle, ended = endedTransaction): TransactionFinding | undefined {
  if (!isFunction(handle) || !hasMethods(handle, 'unsafe')) return undefined;
  if (!hasMethods(handle, 'savepoint')) return { refusal: hasMethods(handle, 'release') ? reserved : root };
  const run = (text: string, values?: unknown[]): unknown => handle.unsafe(text, values);
  return {
    // Its handle does not know when the callback has ended, and would then run the statement by itself.
    run: async ({ text, values }) => {
      await proveTransaction(run, ended);
      await run(text, [...values]);
    },
  };
}

const root =
  'the `sql` of postgres.js, which runs each statement by itself: pass what sql.begin(async (tx) => …) hands to its callback';
const reserved =
  'a reserved connection of postgres.js, which does not tell whether a transaction is open on it: pass what ' +
  'sql.begin(async (tx) => …) hands to its callback';
const endedTransaction =
  'a transaction of postgres.js that has ended: await crm.in(tx) inside the callback of sql.begin';
