import { asHandle, hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';
import { pgTransaction } from './pg.js';
import { postgresJsTransaction } from './postgres-js.js';

/**
 * drizzle: a transaction of its node-postgres or postgres.js flavour, or of another. The statement goes to the client below:
 * from that one can be told whether the transaction is open, from drizzle it cannot. The error is the client's own in any case,
 * as drizzle's message quotes the values.
 */
export function drizzleTransaction(handle: Handle): TransactionFinding | undefined {
  if (!hasMethods(handle, 'execute', 'transaction', 'select', 'insert')) return undefined;
  if (!hasMethods(handle, 'rollback')) return { refusal: root };
  const client = asHandle(asHandle(handle['session'])?.['client']);
  const below = client && (pgTransaction(client, ended) ?? postgresJsTransaction(client, ended));
  return (
    below ?? {
      run: async ({ text, values }) => {
        try {
          await handle.execute(asQuery(text, [...values]));
        } catch (error) {
          throw (error instanceof Error && 'params' in error && error.cause) || error;
        }
      },
    }
  );
}

/** What drizzle's `execute` takes: it asks an `sql` template for its statement, and that for its text. */
function asQuery(sql: string, params: readonly unknown[]): unknown {
  const template = { toQuery: () => ({ sql, params, typings: [] }) };
  return { getSQL: () => template };
}

const root =
  "drizzle's database, which runs each statement by itself: pass what db.transaction(async (tx) => …) hands to its callback";
const ended = 'a transaction of drizzle that has ended: await crm.in(tx) inside the callback of db.transaction';
