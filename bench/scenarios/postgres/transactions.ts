import { setTimeout as pause } from 'node:timers/promises';
import { percentiles } from '../../load.js';
import { startLeader, type BenchPostgres } from '../../postgres.js';
import { startProgram, type Program } from '../../program.js';
import { median } from '../../median.js';

/** What a booking's transaction takes: alone, with a row of any other table, and with the notification's. */
export interface Transactions {
  readonly connections: number;
  /** In all; undefined for as many as each can. */
  readonly perSecond: number | undefined;
  readonly ways: readonly TransactionWay[];
}

export interface TransactionWay {
  readonly name: string;
  /** Medians over the rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** The 50th percentile over that of the booking alone in the same round. */
  readonly ratioP50: number;
  readonly ratioP99: number;
}

interface Round {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

const ways = ['plain', 'second', 'told'] as const;

/** The last takes both cores: each row, of whatever table, then costs what it takes of them. */
const loads = [
  { connections: 1, perSecond: undefined },
  { connections: 16, perSecond: 400 },
  { connections: 16, perSecond: undefined },
];

/** In turn, while a leader in a process of its own delivers what is told. */
export async function compareTransactions(
  postgres: BenchPostgres,
  rounds: number,
  seconds: number,
  say: (line: string) => void,
): Promise<Transactions[]> {
  const results: Transactions[] = [];
  for (const { connections, perSecond } of loads) {
    const url = await postgres.createAppDatabase();
    const collector = await startProgram('collector.mjs');
    const leader = await startLeader(url, collector);
    const app = await startProgram('transactions.mjs', {
      COLLECTOR: `http://127.0.0.1:${collector.port}`,
      CONNECTIONS: String(connections),
      POSTGRES: url,
      SECONDS: String(seconds),
      ...(perSecond === undefined ? {} : { PER_SECOND: String(perSecond) }),
    });
    const measured = new Map<string, Round[]>(ways.map((way) => [way, []]));
    let toldCount = 0;
    // The first round is not counted: the code gets warm.
    for (let number = 0; number <= rounds; number += 1) {
      for (const way of ways) {
        const times = (await app.call(way)) as number[];
        if (way === 'told') toldCount += times.length;
        await untilArrived(collector, toldCount);
        const round = { ...percentiles(times), perSecond: times.length / seconds };
        if (number > 0) measured.get(way)?.push(round);
        say(`${number}/${rounds} ${loadOf({ connections, perSecond })}, ${way}: ${lineOf(round)}`);
      }
    }
    await Promise.all([app.kill(), leader.kill(), collector.kill()]);
    const plain = measured.get('plain') ?? [];
    results.push({ connections, perSecond, ways: [...measured].map(([name, ofWay]) => summarise(name, ofWay, plain)) });
  }
  return results;
}

async function untilArrived(collector: Program, count: number): Promise<void> {
  while (((await collector.call('count')) as { distinct: number }).distinct < count) await pause(20);
}

export function loadOf({ connections, perSecond }: Pick<Transactions, 'connections' | 'perSecond'>): string {
  return `${connections} connection${connections === 1 ? '' : 's'}${perSecond === undefined ? '' : `, ${perSecond}/s`}`;
}

function lineOf({ p50Ms, p99Ms, perSecond }: Round): string {
  return `p50 ${p50Ms.toFixed(2)}  p99 ${p99Ms.toFixed(2)} ms  ${perSecond.toFixed(0)}/s`;
}

function summarise(name: string, rounds: readonly Round[], plain: readonly Round[]): TransactionWay {
  const mid = (value: (round: Round) => number): number => median(rounds.map(value));
  const ratio = (value: (round: Round) => number): number =>
    median(rounds.map((round, index) => value(round) / value(plain[index] ?? round)));
  return {
    name,
    p50Ms: mid(({ p50Ms }) => p50Ms),
    p99Ms: mid(({ p99Ms }) => p99Ms),
    perSecond: mid(({ perSecond }) => perSecond),
    ratioP50: ratio(({ p50Ms }) => p50Ms),
    ratioP99: ratio(({ p99Ms }) => p99Ms),
  };
}
