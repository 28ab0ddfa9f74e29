import { setTimeout as pause } from 'node:timers/promises';
import { keepRate, percentiles } from '../../load.js';
import { startLeader, type BenchPostgres } from '../../postgres.js';
import { startProgram, type Program } from '../../program.js';

/** From the confirmation of a booking's COMMIT in the app to the arrival at the CRM. */
export interface CommitToCrm {
  readonly name: string;
  readonly perSecond: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** An app that books in transactions, a CRM, and a process that delivers: the app itself, or another one. */
export interface BookingApp {
  readonly url: string;
  measure(name: string, perSecond: number, seconds: number): Promise<CommitToCrm>;
  stop(): Promise<void>;
}

export async function startBookingApp(postgres: BenchPostgres, isLeaderElsewhere: boolean): Promise<BookingApp> {
  const url = await postgres.createAppDatabase();
  const collector = await startProgram('collector.mjs');
  const leader = isLeaderElsewhere ? await startLeader(url, collector) : undefined;
  const app = await startProgram('app.mjs', {
    SENDER: 'postgres',
    OPTIONS: JSON.stringify({ connectionString: url }),
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
  });
  if (!isLeaderElsewhere) while ((await app.call('isLeading')) !== true) await pause(50);
  return {
    url,
    async measure(name, perSecond, seconds) {
      await collector.call('reset');
      await app.call('commits');
      await keepRate(app.port, perSecond, seconds);
      const commits = (await app.call('commits')) as Instants;
      const arrivals = await allArrivals(collector, commits.length);
      const delays = commits.map(([id, atMs]) => (arrivals.get(id) ?? NaN) - atMs);
      const { p50Ms, p99Ms } = percentiles(delays);
      return { name, perSecond, count: delays.length, p50Ms, p99Ms, maxMs: Math.max(...delays) };
    },
    async stop() {
      await Promise.all([app.kill(), leader?.kill(), collector.kill()]);
    },
  };
}

/** What by when. */
type Instants = (readonly [id: string, atMs: number])[];

async function allArrivals(collector: Program, count: number): Promise<Map<string, number>> {
  while (((await collector.call('count')) as { distinct: number }).distinct < count) await pause(20);
  return new Map((await collector.call('arrivals')) as Instants);
}

const rates = [100, 400];

/** With the leader in the app's process and in another one, in turn. */
export async function timeCommitToCrm(
  postgres: BenchPostgres,
  rounds: number,
  seconds: number,
  say: (line: string) => void,
): Promise<CommitToCrm[]> {
  const results: CommitToCrm[] = [];
  const apps = [
    { name: 'leader in the same process', app: await startBookingApp(postgres, false) },
    { name: 'leader in another process', app: await startBookingApp(postgres, true) },
  ];
  // The first round is not counted: the code gets warm.
  for (let round = 0; round <= rounds; round += 1) {
    for (const perSecond of rates) {
      for (const { name, app } of apps) {
        const measured = await app.measure(name, perSecond, seconds);
        if (round > 0) results.push(measured);
        say(`${round}/${rounds} ${lineOf(measured)}`);
      }
    }
  }
  await Promise.all(apps.map(({ app }) => app.stop()));
  return results;
}

export function lineOf({ name, perSecond, p50Ms, p99Ms, maxMs }: CommitToCrm): string {
  return `${name}, ${perSecond}/s: p50 ${p50Ms.toFixed(2)}  p99 ${p99Ms.toFixed(2)}  longest ${maxMs.toFixed(0)} ms`;
}
