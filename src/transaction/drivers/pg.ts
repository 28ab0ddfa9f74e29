import { proveTransaction } from '../prove-transaction.js';
import { hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** pg: a client, or one checked out of a pool. `idle`: what it is while no transaction is open on it, for a refusal. */
export function pgTransaction(handle: Handle, idle = idleClient): TransactionFinding | undefined {
  if (!hasMethods(handle, 'query')) return undefined;
  if (hasMethods(handle, 'connect') && typeof handle['totalCount'] === 'number') return { refusal: pool };
  // No other driver's client lets its types be set so.
  if (!hasMethods(handle, 'setTypeParser')) return undefined;
  const run = (text: string, values?: unknown[]): unknown => handle.query(text, values);

  if (!hasMethods(handle, 'getTransactionStatus')) {
    // Before pg 8.21 a client does not tell.
    return {
      run: async ({ text, values }) => {
        await proveTransaction(run, idle);
        await run(text, [...values]);
      },
    };
  }
  const status = handle.getTransactionStatus();
  // `null` until it is connected.
  if (status === 'I' || status === null) return { refusal: idle };
  return { run: ({ text, values }) => run(text, [...values]) };
}

const pool =
  'a pg pool, which runs each statement by itself: check out a client with pool.connect(), await its query BEGIN, and pass ' +
  'the client';
const idleClient = "a pg client without an open transaction: await client.query('BEGIN') first, and COMMIT afterwards";
