import { isPromiseLike } from '../../core/call-safely.js';
import { refused } from '../refused.js';
import type { RunStatement } from '../transaction.js';
import type { TransactionFinding } from '../transaction-finding.js';

/** A function of the app that runs a statement, by whatever driver. */
export function functionTransaction(handle: unknown): TransactionFinding | undefined {
  if (typeof handle !== 'function') return undefined;
  const runStatement = handle as RunStatement;
  return {
    run: ({ text, values }) => {
      const result: unknown = runStatement(text, [...values]);
      // Otherwise nobody would wait for the statement, or hear of its failure.
      if (!isPromiseLike(result))
        throw refused("a function that returns no promise: return that of the driver's query");
      return result;
    },
  };
}
