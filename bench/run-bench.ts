/** The bench by hand: see `usage`, or docs/performance.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawCharts } from './charts.js';
import { keepRate, saturate } from './load.js';
import { describeMachine } from './machine.js';
import { startRedis } from './redis.js';
import { printReport, type Results } from './report.js';
import { compare } from './scenarios/comparison.js';
import { measureDashboard } from './scenarios/dashboard.js';
import { compareDelivery } from './scenarios/delivery.js';
import { endure } from './scenarios/outage.js';
import { compareFew } from './scenarios/few.js';
import { timeImport } from './scenarios/import.js';
import { openWith } from './scenarios/pending.js';
import { measurePostgres, postgresParts } from './scenarios/postgres.js';
import { timeReceipts } from './scenarios/receipts.js';
import { soak } from './scenarios/soak.js';
import { bare, beforeResponse, variants, type Variant } from './variants.js';

const usage = `Usage: npm run bench -- [options]

Measures this package beside the bare app and beside other ways to tell a CRM, in processes of their own, in turn.
Linux only: CPU time comes from /proc. Leave the machine alone meanwhile.

  --quick           everything once and briefly, in under two minutes: shows that it runs, not how fast it is
  --rounds N        rounds of each variant                                 (8)
  --seconds N       of load in each round                                  (3)
  --rate N          requests a second where the load is steady             (1000; for soak 2000)
  --only LIST       scenarios: import, few, receipts, saturated, steady, delivery, outage, pending,
                    dashboard, soak, postgres  (all but few, receipts, dashboard, soak and postgres)
  --variants LIST   by name, comma-separated; bare is always among them     (all)
  --soak N          seconds of steady load, for what grows                 (600)
  --postgres LIST   parts of postgres: transactions, commit, long, drain   (all)
  --long N          seconds of the long transaction in its part long       (60)
  --out DIR         where results.json goes, and the charts                (bench/results)

Example: npm run bench -- --only saturated --variants ours --rounds 4

Needs redis-server for BullMQ; without it that variant is left out. Ends with 0; with 2 for wrong usage.`;

const scenarios = [
  'import',
  'few',
  'receipts',
  'saturated',
  'steady',
  'delivery',
  'outage',
  'pending',
  'dashboard',
  'soak',
  'postgres',
] as const;

function readOptions() {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      quick: flag,
      help: flag,
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      soak: { type: 'string', default: '600' },
      postgres: { type: 'string', default: postgresParts.join(',') },
      long: { type: 'string' },
      only: { type: 'string', default: 'import,saturated,steady,delivery,outage,pending' },
      variants: { type: 'string', default: '' },
      out: { type: 'string', default: join(import.meta.dirname, 'results') },
    },
  });
  const only = values.only.split(',');
  const unknown = only.filter((name) => !scenarios.some((scenario) => scenario === name));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}`);
  const parts = values.postgres.split(',');
  const unknownPart = parts.find((name) => !postgresParts.some((part) => part === name));
  if (unknownPart !== undefined) throw new Error(`no such part of postgres: ${unknownPart}`);
  const names = values.variants.split(',').filter((name) => name !== '');
  const known = new Set(variants.map(({ name }) => name));
  for (const name of names) if (!known.has(name)) throw new Error(`no such variant: ${name}`);
  const chosen = variants.filter((variant) => variant === bare || names.length === 0 || names.includes(variant.name));
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 8));
  const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 3));
  const rate = Number(values.rate ?? (values.quick ? 200 : 1_000));
  const soakRate = Number(values.rate ?? 2_000);
  if (!(rounds >= 1) || !(seconds > 0) || !(rate > 0)) {
    throw new Error('--rounds, --seconds and --rate take a number above 0');
  }
  const longSeconds = Number(values.long ?? (values.quick ? 2 : 60));
  const lists = { only: new Set(only), parts: new Set(parts), chosen };
  return { ...values, ...lists, rounds, seconds, rate, soakRate, longSeconds, soak: Number(values.soak) };
}

async function run(options: ReturnType<typeof readOptions>): Promise<void> {
  const { only, quick, rounds, seconds, rate } = options;
  const say = (line: string): void => {
    console.log(line);
  };
  const redis = await startRedis();
  if (redis === undefined) say('redis-server is not installed (apt-get install redis-server): BullMQ is left out');
  const chosen = options.chosen.filter(({ needsRedis }) => needsRedis !== true || redis !== undefined);
  const results: Results = { machine: describeMachine(), rounds, secondsPerRound: seconds, rate };
  const comparison = { variants: chosen, redis, rounds, secondsPerRound: seconds, say };

  if (only.has('import')) {
    say('\nImport: what the start adds to the process');
    results.import = await timeImport(quick ? 1 : 3 * rounds);
  }
  if (only.has('few')) {
    say('\nFew: from one request at a time to a crowd');
    results.few = await compareFew({ redis, rounds, secondsPerRound: seconds, say }, quick);
  }
  if (only.has('receipts')) {
    say('\nReceipts: one after the other');
    results.receipts = await timeReceipts(quick ? 200 : 2_000, quick ? 1 : rounds, say);
  }
  if (only.has('saturated')) {
    say('\nSaturated: as many requests as are answered');
    results.saturated = await compare({ ...comparison, load: saturate });
  }
  if (only.has('steady')) {
    say(`\nSteady: ${rate} requests a second`);
    results.steady = await compare({
      ...comparison,
      variants: quick ? [bare, beforeResponse] : steadyOf(chosen),
      load: (port, forSeconds) => keepRate(port, rate, forSeconds),
    });
  }
  if (only.has('delivery')) {
    say('\nDelivery alone: an outbox on disk against undici alone');
    results.delivery = await compareDelivery(quick ? 2_000 : 50_000, quick ? 1 : rounds, say);
  }
  if (only.has('outage')) {
    const outageSeconds = quick ? 1 : 30;
    say(`\nOutage: ${outageSeconds} s without the receiver, 500 requests a second`);
    results.outages = [];
    for (const variant of chosen.filter((one) => (quick ? one === beforeResponse : one !== bare))) {
      results.outages.push(await endure(variant, redis, outageSeconds, quick));
      say(variant.name);
    }
  }
  if (only.has('pending')) {
    say('\nPending at the start');
    results.pending = [];
    for (const count of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
      results.pending.push(await openWith(count));
      say(`${count}`);
    }
  }
  if (only.has('dashboard')) {
    const count = quick ? 1_000 : 100_000;
    say(`\nDashboard: ${count} each pending, dead and delivered, ${rate} requests a second`);
    results.dashboard = await measureDashboard({ count, rounds, secondsPerRound: seconds, rate, say });
  }
  if (only.has('soak')) {
    say(`\nSoak: ${options.soakRate} requests a second for ${options.soak} s`);
    results.soak = await soak(beforeResponse, options.soakRate, options.soak, say);
  }
  if (only.has('postgres')) {
    say('\nPostgreSQL as the outbox');
    const { parts, longSeconds } = options;
    const lengths = { rounds, secondsPerRound: seconds, longSeconds, isQuick: quick };
    results.postgres = await measurePostgres({ parts, ...lengths, say });
  }
  await redis?.stop();

  printReport(results);
  mkdirSync(options.out, { recursive: true });
  const file = join(options.out, 'results.json');
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
  drawCharts(results, options.out);
  say(`\nwritten: ${file} and the charts beside it`);
}

/** At a rate that every one of them can keep. */
function steadyOf(chosen: readonly Variant[]): readonly Variant[] {
  return chosen.filter(({ name }) => name === 'bare' || name.startsWith('ours') || name.startsWith('undici'));
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  await run(options);
  return 0;
}

process.exitCode = await main();
