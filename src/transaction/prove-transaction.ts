import { refused } from './refused.js';

/**
 * Asks the server whether a transaction is open on the connection, where the driver does not know: a savepoint fails without
 * one. Costs one round trip. Rejects with `refused(why)` if there is none.
 */
export async function proveTransaction(query: (text: string) => unknown, why: string): Promise<void> {
  try {
    await query('SAVEPOINT crm_notifier; RELEASE SAVEPOINT crm_notifier');
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null | undefined)?.code;
    throw code === noActiveTransaction ? refused(why) : error;
  }
}

/** PostgreSQL's code for what is only possible in a transaction. */
const noActiveTransaction = '25P01';
