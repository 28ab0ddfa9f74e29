import type { Statement, StatementValue } from '../transaction.js';
import { hasMethods, isFunction, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** knex: a transaction, which rejects by itself what comes after its end. */
export function knexTransaction(handle: Handle): TransactionFinding | undefined {
  if (!isFunction(handle) || !hasMethods(handle, 'raw', 'transaction')) return undefined;
  if (handle['isTransaction'] !== true) return { refusal: root };
  return {
    run: (statement) => {
      const { sql, bindings } = withQuestionMarks(statement);
      return handle.raw(sql, bindings);
    },
  };
}

/** knex takes `?` for a value, in their order, and `\?` for a question mark, even within quotes. */
function withQuestionMarks({ text, values }: Statement): { readonly sql: string; readonly bindings: StatementValue[] } {
  const bindings: StatementValue[] = [];
  const sql = text.replaceAll('?', String.raw`\?`).replaceAll(quotedOrPlaceholder, (found, place?: string) => {
    if (place === undefined) return found;
    bindings.push(values[Number(place) - 1] ?? null);
    return '?';
  });
  return { sql, bindings };
}

const quotedOrPlaceholder = /"[^"]*"|'[^']*'|\$(\d+)/g;

const root =
  'the knex instance, which runs each statement by itself: pass what knex.transaction(async (trx) => …) hands to its callback';
