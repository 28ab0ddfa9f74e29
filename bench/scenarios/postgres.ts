import { startBenchPostgres, type BenchPostgres } from '../postgres.js';
import { timeCommitToCrm, type CommitToCrm } from './postgres/commit-to-crm.js';
import { compareDrains, type Drain } from './postgres/drain.js';
import { timeLongTransaction, type LongTransaction } from './postgres/long-transaction.js';
import { compareTransactions, type Transactions } from './postgres/transactions.js';

/** The outbox in PostgreSQL; a part that was not run is missing. */
export interface PostgresResults {
  transactions?: readonly Transactions[];
  commitToCrm?: readonly CommitToCrm[];
  longTransaction?: LongTransaction;
  drains?: readonly Drain[];
}

export const postgresParts = ['transactions', 'commit', 'long', 'drain'] as const;

export interface PostgresBenchOptions {
  readonly parts: ReadonlySet<string>;
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** How long the transaction elsewhere stays open. */
  readonly longSeconds: number;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

/** All on one server of the bench's own, which waits for the disk at each commit. */
export async function measurePostgres(options: PostgresBenchOptions): Promise<PostgresResults> {
  const postgres = await startBenchPostgres();
  try {
    return await measureParts(postgres, options);
  } finally {
    await postgres.stop();
  }
}

async function measureParts(
  postgres: BenchPostgres,
  { parts, rounds, secondsPerRound, longSeconds, isQuick, say }: PostgresBenchOptions,
): Promise<PostgresResults> {
  const results: PostgresResults = {};
  if (parts.has('transactions')) {
    results.transactions = await compareTransactions(postgres, rounds, secondsPerRound, say);
  }
  if (parts.has('commit')) results.commitToCrm = await timeCommitToCrm(postgres, rounds, 2 * secondsPerRound, say);
  if (parts.has('long')) {
    results.longTransaction = await timeLongTransaction(postgres, longSeconds, isQuick ? 1 : 10, say);
  }
  if (parts.has('drain')) {
    const [pending, delivered] = isQuick ? [2_000, 2_000] : [1_000_000, 100_000];
    results.drains = await compareDrains(postgres, pending, delivered, Math.ceil(rounds / 2), say);
  }
  return results;
}
