import { startContestant } from '../contestant.js';
import { keepRate } from '../load.js';
import type { Redis } from '../redis.js';
import type { Variant } from '../variants.js';

export interface Outage {
  readonly name: string;
  readonly answered: number;
  readonly failures: number;
  readonly lost: number;
  readonly p99Ms: number;
  /** From just before the outage to its end. */
  readonly memoryGrowthBytes: number;
  readonly drainSeconds: number;
}

/** The collector is away for a while, in the middle of a steady load. */
export async function endure(
  variant: Variant,
  redis: Redis | undefined,
  seconds: number,
  isQuick: boolean,
): Promise<Outage> {
  const contestant = await startContestant(variant, redis);
  const { app, collector } = contestant;
  try {
    // So that memory for the code and its buffers is there before it is measured.
    await contestant.round((port) => keepRate(port, 500, isQuick ? 0.5 : 5));
    await app.call('collectGarbage');
    await app.call('memory');
    const before = (await app.call('memory')) as number;
    let duringOutage = 0;
    const round = await contestant.round(async (port) => {
      await collector.call('down');
      const result = await keepRate(port, 500, seconds);
      await app.call('collectGarbage');
      await app.call('memory');
      duringOutage = (await app.call('memory')) as number;
      await collector.call('up');
      return result;
    });
    const { requests, failures, lost, p99Ms, drainSeconds } = round;
    const memoryGrowthBytes = duringOutage - before;
    return { name: variant.name, answered: requests, failures, lost, p99Ms, memoryGrowthBytes, drainSeconds };
  } finally {
    await contestant.stop();
  }
}
