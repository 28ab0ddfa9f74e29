import type { Round } from './contestant.js';
import type { Machine } from './machine.js';
import { megabytes, printTable } from './print-table.js';
import { printPostgres } from './report-postgres.js';
import { median } from './median.js';
import type { Comparison } from './scenarios/comparison.js';
import type { DashboardCosts } from './scenarios/dashboard.js';
import { batchCount, type Deliveries, type DeliveryComparison } from './scenarios/delivery.js';
import type { FewComparison } from './scenarios/few.js';
import type { Added, ImportCosts } from './scenarios/import.js';
import type { Outage } from './scenarios/outage.js';
import type { Pending } from './scenarios/pending.js';
import type { PostgresResults } from './scenarios/postgres.js';
import type { Receipts } from './scenarios/receipts.js';
import type { SoakPoint } from './scenarios/soak.js';

/** All that a run has measured; a scenario that was not run is missing. */
export interface Results {
  readonly machine: Machine;
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** Requests a second where the load is steady. */
  readonly rate: number;
  import?: ImportCosts;
  few?: readonly FewComparison[];
  receipts?: readonly Receipts[];
  saturated?: readonly Comparison[];
  steady?: readonly Comparison[];
  delivery?: DeliveryComparison;
  outages?: Outage[];
  pending?: Pending[];
  dashboard?: DashboardCosts;
  postgres?: PostgresResults;
  soak?: readonly SoakPoint[];
}

export function printReport(results: Results): void {
  const { machine } = results;
  console.log(`\n${machine.cores} cores, ${machine.cpu}, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}`);
  if (results.import !== undefined) printImport(results.import);
  if (results.few !== undefined) printFew(results.few);
  if (results.receipts !== undefined) printReceipts(results.receipts);
  if (results.saturated !== undefined) printSaturated(results.saturated);
  if (results.steady !== undefined) printSteady(results.steady, results.rate);
  if (results.delivery !== undefined) printDelivery(results.delivery);
  if (results.outages !== undefined) printOutages(results.outages);
  if (results.pending !== undefined) printPending(results.pending);
  if (results.dashboard !== undefined) printDashboard(results.dashboard);
  if (results.postgres !== undefined) printPostgres(results.postgres);
}

function printImport({ express, ours, firstReceipt }: ImportCosts): void {
  console.log('\nImport. What each step of the start adds; medians of processes.');
  const row = (name: string, { ms, cpuMs, bytes }: Added): string[] => [
    name,
    ms.toFixed(1),
    cpuMs.toFixed(1),
    (bytes / 2 ** 20).toFixed(1),
  ];
  printTable([
    ['', 'ms', 'CPU ms', 'MB'],
    row('express', express),
    row('ours, after Express', ours),
    row('to the first receipt', firstReceipt),
  ]);
}

function printFew(few: readonly FewComparison[]): void {
  console.log(
    '\nFew. Ratios are bare / variant, of CPU time for a request in the least disturbed round; latencies are added to bare.',
  );
  const rows = few.flatMap(({ load, comparisons }) =>
    comparisons.map(({ name, rounds, mainRatio, totalRatio, addedP50Ms, addedP99Ms }) => [
      load,
      name,
      mid(rounds, ({ perSecond }) => perSecond).toFixed(0),
      `${mainRatio.toFixed(2)} (${spread(rounds, ({ mainUs }) => mainUs)} µs)`,
      `${totalRatio.toFixed(2)} (${spread(rounds, ({ totalUs }) => totalUs)} µs)`,
      addedP50Ms.toFixed(2),
      addedP99Ms.toFixed(2),
      String(rounds.reduce((sum, { lost }) => sum + lost, 0)),
    ]),
  );
  const head = ['load', '', 'requests/s', 'main thread', 'whole process', 'added p50 ms', 'added p99 ms', 'lost'];
  printTable([head, ...rows]);
}

function printReceipts(receipts: readonly Receipts[]): void {
  console.log('\nA receipt while nothing else happens, over a write of 20 KB and its fdatasync.');
  const plain = receipts.find(({ name }) => !name.startsWith('ours'));
  const rows = receipts.map(({ name, p50Ms, p99Ms }) => [
    name,
    p50Ms.toFixed(3),
    p99Ms.toFixed(3),
    (p50Ms / (plain?.p50Ms ?? NaN)).toFixed(2),
    (p99Ms / (plain?.p99Ms ?? NaN)).toFixed(2),
  ]);
  printTable([['', 'p50 ms', 'p99 ms', 'ratio p50', 'ratio p99'], ...rows]);
}

function printSaturated(comparisons: readonly Comparison[]): void {
  console.log(
    '\nSaturated. Ratios are bare / variant, of CPU time for a request in the least disturbed round (spread).',
  );
  const rows = comparisons.map(({ name, rounds, mainRatio, totalRatio }) => [
    name,
    mid(rounds, ({ perSecond }) => perSecond).toFixed(0),
    mid(rounds, ({ p50Ms }) => p50Ms).toFixed(2),
    mid(rounds, ({ p99Ms }) => p99Ms).toFixed(2),
    `${mainRatio.toFixed(3)} (${spread(rounds, ({ mainUs }) => mainUs)} µs)`,
    `${totalRatio.toFixed(3)} (${spread(rounds, ({ totalUs }) => totalUs)} µs)`,
    mid(rounds, ({ backlog }) => backlog).toFixed(0),
    mid(rounds, ({ drainSeconds }) => drainSeconds).toFixed(2),
    String(rounds.reduce((sum, { lost }) => sum + lost, 0)),
    megabytes(Math.max(...rounds.map(({ peakBytes }) => peakBytes))),
  ]);
  const head = [
    '',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'main thread',
    'whole process',
    'backlog',
    'drain s',
    'lost',
    'MB',
  ];
  printTable([head, ...rows]);
}

function printSteady(comparisons: readonly Comparison[], rate: number): void {
  console.log(`\nSteady, ${rate} requests a second. Medians of what is added to the bare app of the same round.`);
  const rows = comparisons.map(({ name, rounds, addedP50Ms, addedP99Ms }) => [
    name,
    mid(rounds, ({ p50Ms }) => p50Ms).toFixed(2),
    mid(rounds, ({ p99Ms }) => p99Ms).toFixed(2),
    addedP50Ms.toFixed(2),
    addedP99Ms.toFixed(2),
  ]);
  printTable([['', 'p50 ms', 'p99 ms', 'added p50 ms', 'added p99 ms'], ...rows]);
}

function printDelivery({ raw, ours, inBatches }: DeliveryComparison): void {
  const rate = (of: readonly Deliveries[]): number => Math.max(...of.map(({ perSecond }) => perSecond));
  const cpu = (of: readonly Deliveries[]): number => Math.min(...of.map(({ cpuUs }) => cpuUs));
  console.log('\nDelivery alone, the best round of each.');
  const row = (name: string, of: readonly Deliveries[]): string[] => [
    name,
    rate(of).toFixed(0),
    cpu(of).toFixed(1),
    (rate(of) / rate(raw)).toFixed(2),
    (cpu(raw) / cpu(of)).toFixed(2),
  ];
  printTable([
    ['', 'a second', 'CPU µs', 'ratio', 'ratio of CPU'],
    row('undici dispatch', raw),
    row('ours, from disk', ours),
    row(`ours, ${batchCount} in a request`, inBatches),
  ]);
}

function printOutages(outages: readonly Outage[]): void {
  console.log('\nOutage of the receiver.');
  const rows = outages.map(({ name, answered, failures, lost, p99Ms, memoryGrowthBytes, drainSeconds }) => [
    name,
    String(answered),
    String(failures),
    String(lost),
    p99Ms.toFixed(1),
    megabytes(memoryGrowthBytes),
    drainSeconds.toFixed(1),
  ]);
  printTable([['', 'answered', 'failed', 'lost', 'p99 ms', 'MB grown', 'drain s'], ...rows]);
}

function printPending(pending: readonly Pending[]): void {
  console.log('\nPending at the start.');
  const rows = pending.map(({ count, readyMs, firstArrivalMs, memoryBytes, perSecond }) => [
    String(count),
    readyMs.toFixed(0),
    firstArrivalMs.toFixed(0),
    megabytes(memoryBytes),
    perSecond.toFixed(0),
  ]);
  printTable([['pending', 'ready ms', 'first arrival ms', 'MB grown', 'delivered/s'], ...rows]);
}

function printDashboard({ count, calls, aloneP99Ms, watchedP99Ms }: DashboardCosts): void {
  console.log(`\nDashboard. With ${count} of each: pending, dead, and delivered that are kept.`);
  const rows = calls.map(({ path, medianMs, maxMs }) => [path, medianMs.toFixed(1), maxMs.toFixed(1)]);
  printTable([['', 'median ms', 'most ms'], ...rows]);
  const [alone, watched] = [median(aloneP99Ms), median(watchedP99Ms)];
  // Within a round, so that a machine which is slower for a while does not decide.
  const more = median(watchedP99Ms.map((p99Ms, round) => p99Ms - (aloneP99Ms[round] ?? NaN)));
  console.log(
    `The app's own p99: ${alone.toFixed(2)} ms, while somebody looks ${watched.toFixed(2)} ms; within a round ${more.toFixed(2)} ms more.`,
  );
}

function mid(rounds: readonly Round[], value: (round: Round) => number): number {
  return median(rounds.map(value));
}

function spread(rounds: readonly Round[], value: (round: Round) => number): string {
  const values = rounds.map(value);
  return `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;
}
