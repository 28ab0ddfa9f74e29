import { withClient, type BenchPostgres } from '../../postgres.js';
import { lineOf, startBookingApp, type CommitToCrm } from './commit-to-crm.js';

/** The latencies before, during and after a long write transaction elsewhere, and what the leader's look takes meanwhile. */
export interface LongTransaction {
  readonly seconds: number;
  readonly phases: readonly LongTransactionPhase[];
}

export interface LongTransactionPhase extends CommitToCrm {
  /** Of the statement with which the leader looks for what is new: the mean, and the longest. */
  readonly lookMs: number;
  readonly longestLookMs: number;
  /** What vacuum could not remove yet, of the outbox. */
  readonly deadRows: number;
}

const perSecond = 400;

/** While it is open, no dead row can be removed, and what came after it is not "all visible" for anybody. */
export async function timeLongTransaction(
  postgres: BenchPostgres,
  seconds: number,
  stepSeconds: number,
  say: (line: string) => void,
): Promise<LongTransaction> {
  const app = await startBookingApp(postgres, true);
  const phases: LongTransactionPhase[] = [];

  const measure = async (name: string, isCounted = true): Promise<void> => {
    await withClient(app.url, (client) => client.query('SELECT pg_stat_statements_reset()'));
    const measured = await app.measure(name, perSecond, stepSeconds);
    const phase = { ...measured, ...(await readPhase(app.url)) };
    if (isCounted) phases.push(phase);
    say(
      `${lineOf(phase)}  look ${phase.lookMs.toFixed(2)} (${phase.longestLookMs.toFixed(1)}) ms  dead ${phase.deadRows}`,
    );
  };

  await measure('to get warm', false);
  await measure('before');
  await withClient(app.url, async (elsewhere) => {
    await elsewhere.query('BEGIN');
    await elsewhere.query('INSERT INTO booking (user_id, session_id) VALUES (1, 2)');
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < seconds * 1_000) {
      await measure(`open for ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`);
    }
    await elsewhere.query('COMMIT');
  });
  await measure('after');
  await app.stop();
  return { seconds, phases };
}

async function readPhase(url: string): Promise<Pick<LongTransactionPhase, 'lookMs' | 'longestLookMs' | 'deadRows'>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ mean: number | null; longest: number | null; dead: string }>(
      `SELECT sum(total_exec_time) / nullif(sum(calls), 0) AS mean, max(max_exec_time) AS longest,
              (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'crm_outbox') AS dead
         FROM pg_stat_statements WHERE query LIKE '%pg_current_snapshot%' AND query NOT LIKE '%pg_stat_statements%'`,
    );
    const [row] = rows;
    return { lookMs: row?.mean ?? NaN, longestLookMs: row?.longest ?? NaN, deadRows: Number(row?.dead) };
  });
}
