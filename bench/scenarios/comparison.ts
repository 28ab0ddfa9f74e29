import { median } from '../median.js';
import { startContestant, type Contestant, type Round } from '../contestant.js';
import type { Load } from '../load.js';
import type { Redis } from '../redis.js';
import { bare, type Variant } from '../variants.js';

export interface ComparisonOptions {
  readonly variants: readonly Variant[];
  readonly redis: Redis | undefined;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly load: Load;
  readonly say: (line: string) => void;
}

export interface Comparison {
  readonly name: string;
  readonly rounds: readonly Round[];
  /** The bare app's least CPU time for a request over this variant's; undefined for what was not measured. */
  readonly mainRatio: number;
  readonly totalRatio: number;
  /** Medians over the rounds, each beside the bare app's of the same round. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
}

/**
 * Every variant in turn, A B C A B C …, so that what disturbs the machine disturbs all of them. Each begins with a round
 * that is not counted, in which the code gets warm.
 */
export async function compare(options: ComparisonOptions): Promise<Comparison[]> {
  const { variants, redis, rounds, secondsPerRound, load, say } = options;
  const contestants: Contestant[] = [];
  const results = new Map<Variant, Round[]>();
  try {
    for (const variant of variants) {
      contestants.push(await startContestant(variant, redis));
      results.set(variant, []);
    }
    for (let number = 0; number <= rounds; number += 1) {
      for (const contestant of contestants) {
        const round = await contestant.round((port) => load(port, secondsPerRound));
        if (number > 0) results.get(contestant.variant)?.push(round);
        say(`${number}/${rounds} ${contestant.variant.name.padEnd(30)} ${lineOf(round)}`);
      }
    }
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop()));
  }
  const base = results.get(bare) ?? [];
  return [...results].map(([variant, measured]) => summarise(variant.name, measured, base));
}

function lineOf(round: Round): string {
  return (
    `${round.perSecond.toFixed(0).padStart(6)}/s  p50 ${round.p50Ms.toFixed(2)}  p99 ${round.p99Ms.toFixed(2)} ms  ` +
    `CPU ${round.mainUs.toFixed(0)} / ${round.totalUs.toFixed(0)} µs  backlog ${round.backlog}  lost ${round.lost}`
  );
}

/** CPU by the least disturbed round of each, latencies by medians. */
function summarise(name: string, rounds: readonly Round[], base: readonly Round[]): Comparison {
  const least = (of: readonly Round[], value: (round: Round) => number): number => Math.min(...of.map(value));
  return {
    name,
    rounds,
    mainRatio: least(base, ({ mainUs }) => mainUs) / least(rounds, ({ mainUs }) => mainUs),
    totalRatio: least(base, ({ totalUs }) => totalUs) / least(rounds, ({ totalUs }) => totalUs),
    addedP50Ms: median(rounds.map(({ p50Ms }, index) => p50Ms - (base[index]?.p50Ms ?? NaN))),
    addedP99Ms: median(rounds.map(({ p99Ms }, index) => p99Ms - (base[index]?.p99Ms ?? NaN))),
  };
}
