import { asHandle, hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';
import { knexTransaction } from './knex.js';
import { kyselyTransaction } from './kysely.js';

/**
 * mikro-orm: an entity manager in a transaction. Below it is knex's in version 6 and kysely's in 7, which take the values as
 * parameters; `em.execute` would write them into the text.
 */
export function mikroOrmTransaction(handle: Handle): TransactionFinding | undefined {
  if (!hasMethods(handle, 'isInTransaction', 'getTransactionContext')) return undefined;
  if (handle.isInTransaction() !== true) return { refusal: root };
  const below = asHandle(handle.getTransactionContext());
  return (below && (knexTransaction(below) ?? kyselyTransaction(below))) ?? { refusal: unknownContext };
}

const root =
  'an entity manager of mikro-orm that is in no transaction: pass what em.transactional(async (em) => …) hands to its callback';
const unknownContext =
  'an entity manager of a mikro-orm that is not known here: pass a function, ' +
  "crm.in((text, values) => em.execute(…)), with mikro-orm's `?` for $1, $2 …";
