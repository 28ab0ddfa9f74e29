import { CRMConfigError, type Issue } from '../../core/errors.js';
import { systemClock } from '../../core/clock.js';
import { readTableName, tableProblem } from '../../outbox/postgres/postgres-outbox.js';
import { executeIn } from '../../transaction/execute-in.js';
import type { Statement, Transaction } from '../../transaction/transaction.js';
import type { ReceiverStore } from '../receiver-store.js';
import { hasSqlState, uniqueViolation } from './has-sql-state.js';
import { defaultKeepMs, keepMsIssues, pruneEveryMs } from './keep-ms.js';
import { inPoolTransaction, type PgPool, type PgPoolClient } from './pool-transaction.js';
import { receivedTable, type ReceivedTable } from './received-table.js';

export interface PostgresStoreOptions {
  /**
   * Where the ids are, with or without a schema.
   * @default 'public.crm_received'
   */
  readonly table?: string | undefined;
  /**
   * Whether to make the table if it is missing. Without it make it yourself; docs/receiver.md has the SQL.
   * @default true
   */
  readonly createTable?: boolean | undefined;
  /**
   * How long an id is remembered, in milliseconds.
   * @default 3_456_000_000 (40 days)
   */
  readonly keepMs?: number | undefined;
}

/** With the app's pool of the package pg: handlers get a client with an open transaction. */
export interface PoolOptions<Client> extends PostgresStoreOptions {
  readonly pool: PgPool<Client>;
}

/** With any driver that docs/transactions.md lists: handlers get what it hands to its transaction's callback. */
export interface TransactionOptions<Tx> extends PostgresStoreOptions {
  /** Runs the work in a transaction of the app's, which is committed unless the work rejects. */
  readonly transaction: (work: (tx: Tx) => Promise<void>) => PromiseLike<unknown>;
}

/**
 * Remembers ids in the app's own PostgreSQL, in the transaction in which the handler does its work: the id is there if and only
 * if the work is, whenever the process dies. Of several processes that get one notification at once, one does the work; the
 * others wait for it, and then do nothing.
 *
 * Throws `CRMConfigError` for an invalid option.
 *
 * @example
 * const receiver = createReceiver({
 *   token: process.env.CRM_AUTH_TOKEN,
 *   store: postgresStore({ pool }),
 *   on: { booking_created: ({ user_id }, { tx }) => tx.query('INSERT INTO visits (user_id) VALUES ($1)', [user_id]) },
 * });
 */
export function postgresStore<Client extends PgPoolClient>(options: PoolOptions<Client>): ReceiverStore<Client>;
export function postgresStore<Tx extends Transaction>(options: TransactionOptions<Tx>): ReceiverStore<Tx>;
export function postgresStore(
  options: PoolOptions<PgPoolClient> | TransactionOptions<Transaction>,
): ReceiverStore<Transaction> {
  const { table, createTable, keepMs, transaction } = resolveOptions(options);
  let isCreated: Promise<unknown> | undefined;
  let prunedAtMs: number | undefined;

  const create = (): Promise<unknown> => {
    isCreated ??= transaction((tx) => executeIn(tx, table.create)).catch((error: unknown) => {
      isCreated = undefined;
      throw error;
    });
    return isCreated;
  };
  /** Nobody waits for it: if it fails, the next one deletes more. */
  const pruneAtTimes = (): void => {
    const now = systemClock.monotonicMs();
    if (prunedAtMs !== undefined && now - prunedAtMs < pruneEveryMs) return;
    prunedAtMs = now;
    transaction((tx) => executeIn(tx, table.prune(keepMs))).catch(() => undefined);
  };

  return {
    async handleOnce(id, handle) {
      if (createTable) await create();
      const outcome = await handleIn(transaction, table.remember(id), handle);
      if (outcome === 'handled') pruneAtTimes();
      return outcome;
    },
  };
}

type Work = (tx: Transaction) => Promise<void>;
type InTransaction = (work: Work) => Promise<unknown>;

async function handleIn(
  transaction: InTransaction,
  remember: Statement,
  handle: Work,
): Promise<'handled' | 'duplicate'> {
  const run: { outcome: 'handled' | 'duplicate' | undefined; failure: unknown } = {
    outcome: undefined,
    failure: new Error('the function `transaction` did not call what it was given'),
  };
  const work: Work = async (tx) => {
    run.outcome = undefined;
    try {
      await executeIn(tx, remember).catch((error: unknown) => {
        if (hasSqlState(error, uniqueViolation)) run.outcome = 'duplicate';
        throw error;
      });
      await handle(tx);
      // If a statement has failed and nobody minded, PostgreSQL responds to the COMMIT with a ROLLBACK, which is no error.
      await executeIn(tx, anyStatement);
      run.outcome = 'handled';
    } catch (error) {
      run.failure = error;
      throw error;
    }
  };
  try {
    await transaction(work);
  } catch (error) {
    if (run.outcome === 'duplicate') return 'duplicate';
    throw error;
  }
  // The app's function may have kept the rejection to itself.
  if (run.outcome === undefined) throw run.failure;
  return run.outcome;
}

const anyStatement: Statement = { text: 'SELECT 1', values: [] };

function resolveOptions(options: PoolOptions<PgPoolClient> | TransactionOptions<Transaction>): {
  readonly table: ReceivedTable;
  readonly createTable: boolean;
  readonly keepMs: number;
  readonly transaction: InTransaction;
} {
  const { table = 'public.crm_received', createTable = true, keepMs = defaultKeepMs } = options;
  const { pool, transaction } = options as Partial<PoolOptions<PgPoolClient> & TransactionOptions<Transaction>>;
  const issues: Issue[] = [...keepMsIssues(keepMs)];
  const name = readTableName(table);
  if (name === undefined) issues.push({ path: 'store.table', message: tableProblem });
  if (typeof (createTable as unknown) !== 'boolean') {
    issues.push({ path: 'store.createTable', message: 'must be true or false' });
  }
  const given: InTransaction | undefined =
    typeof pool?.connect === 'function'
      ? (work) => inPoolTransaction(pool, work)
      : typeof transaction === 'function'
        ? async (work) => transaction(work)
        : undefined;
  if (given === undefined || (pool !== undefined && transaction !== undefined)) {
    issues.push({
      path: 'store',
      message: 'needs either pool, a Pool of the package pg, or transaction, which runs a function in a transaction',
    });
  }
  if (name === undefined || given === undefined || issues.length > 0) throw new CRMConfigError(issues);
  return { table: receivedTable(name), createTable, keepMs, transaction: given };
}
