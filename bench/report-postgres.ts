import { megabytes, printTable } from './print-table.js';
import { median } from './median.js';
import type { PostgresResults } from './scenarios/postgres.js';
import type { CommitToCrm } from './scenarios/postgres/commit-to-crm.js';
import type { Drain } from './scenarios/postgres/drain.js';
import type { LongTransaction } from './scenarios/postgres/long-transaction.js';
import { loadOf, type Transactions } from './scenarios/postgres/transactions.js';

export function printPostgres({ transactions, commitToCrm, longTransaction, drains }: PostgresResults): void {
  if (transactions !== undefined) printTransactions(transactions);
  if (commitToCrm !== undefined) printCommitToCrm(commitToCrm);
  if (longTransaction !== undefined) printLongTransaction(longTransaction);
  if (drains !== undefined) printDrains(drains);
}

function printTransactions(transactions: readonly Transactions[]): void {
  console.log('\nA booking’s transaction, over the booking alone in the same round; medians.');
  const rows = transactions.flatMap((load) =>
    load.ways.map(({ name, perSecond, p50Ms, p99Ms, ratioP50, ratioP99 }) => [
      `${loadOf(load)}, ${name}`,
      perSecond.toFixed(0),
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      ratioP50.toFixed(2),
      ratioP99.toFixed(2),
    ]),
  );
  printTable([['', 'a second', 'p50 ms', 'p99 ms', 'ratio p50', 'ratio p99'], ...rows]);
}

function printCommitToCrm(all: readonly CommitToCrm[]): void {
  console.log('\nFrom COMMIT to the CRM; the median round (the quietest).');
  const nameOf = ({ name, perSecond }: CommitToCrm): string => `${name}, ${perSecond}/s`;
  const rows = [...new Set(all.map(nameOf))].map((name) => {
    const rounds = all.filter((round) => nameOf(round) === name);
    const show = (value: (round: CommitToCrm) => number): string => {
      const values = rounds.map(value);
      return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)})`;
    };
    return [name, show(({ p50Ms }) => p50Ms), show(({ p99Ms }) => p99Ms), show(({ maxMs }) => maxMs)];
  });
  printTable([['', 'p50 ms', 'p99 ms', 'longest ms'], ...rows]);
}

function printLongTransaction({ seconds, phases }: LongTransaction): void {
  console.log(`\nA write transaction elsewhere, open for ${seconds} s.`);
  const rows = phases.map(({ name, p50Ms, p99Ms, maxMs, lookMs, longestLookMs, deadRows }) => [
    name,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    maxMs.toFixed(0),
    lookMs.toFixed(2),
    longestLookMs.toFixed(1),
    String(deadRows),
  ]);
  printTable([['', 'p50 ms', 'p99 ms', 'longest ms', 'a look ms', 'longest look', 'dead rows'], ...rows]);
}

function printDrains(drains: readonly Drain[]): void {
  console.log('\nPending at the start, from a file and from PostgreSQL in turn; medians.');
  const of = (outbox: Drain['outbox']): readonly Drain[] => drains.filter((drain) => drain.outbox === outbox);
  const mid = (some: readonly Drain[], value: (drain: Drain) => number): number => median(some.map(value));
  const row = (outbox: Drain['outbox']): string[] => [
    outbox,
    mid(of(outbox), ({ readyMs }) => readyMs).toFixed(0),
    mid(of(outbox), ({ firstArrivalMs }) => firstArrivalMs).toFixed(0),
    megabytes(Math.max(...of(outbox).map(({ memoryBytes }) => memoryBytes))),
    mid(of(outbox), ({ perSecond }) => perSecond).toFixed(0),
  ];
  const head = [`${drains[0]?.pending ?? 0} pending`, 'ready ms', 'first arrival ms', 'MB grown', 'delivered/s'];
  printTable([head, row('file'), row('postgres')]);
}
