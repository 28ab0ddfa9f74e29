import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuTimeOf, type CpuTime } from './cpu-time.js';
import type { LoadResult } from './load.js';
import { startProgram, type Program } from './program.js';
import type { Redis } from './redis.js';
import type { Variant } from './variants.js';

/** What one round of load showed of a variant. CPU is for each request, in microseconds. */
export interface Round extends LoadResult {
  /** The main thread, until everything had arrived. */
  readonly mainUs: number;
  /** Every thread, and the variant's other processes, until everything had arrived. */
  readonly totalUs: number;
  readonly perSecond: number;
  /** Answered, but not arrived when the load stopped. */
  readonly backlog: number;
  /** Until everything had arrived. */
  readonly drainSeconds: number;
  readonly lost: number;
  readonly peakBytes: number;
}

/** A variant's app, running and ready for load, with a collector of its own. */
export interface Contestant {
  readonly variant: Variant;
  readonly app: Program;
  readonly collector: Program;
  /** The directory of its outbox, if it has one. */
  readonly outbox: string;
  round(load: (port: number) => Promise<LoadResult>): Promise<Round>;
  stop(): Promise<void>;
}

// Nothing arrived for so long: nothing will.
const givenUpMs = 15_000;

export async function startContestant(variant: Variant, redis: Redis | undefined): Promise<Contestant> {
  // On a disk, as an app's outbox is; /tmp may be memory.
  const directory = mkdtempSync('/var/tmp/bench-');
  const collector = await startProgram('collector.mjs');
  const url = `http://127.0.0.1:${collector.port}`;
  const app = await startProgram('app.mjs', {
    SENDER: variant.sender,
    OPTIONS: JSON.stringify(variant.options ?? {}),
    REDIS_PORT: String(redis?.port),
    COLLECTOR: url,
    DIRECTORY: join(directory, 'outbox'),
  });
  const worker = variant.needsRedis
    ? await startProgram('bullmq-worker.mjs', { COLLECTOR: url, REDIS_PORT: String(redis?.port) })
    : undefined;
  const pids = [app.pid, ...(worker === undefined ? [] : [worker.pid, redis?.pid ?? 0])];

  const cpuTime = (): CpuTime => {
    const times = pids.map(cpuTimeOf);
    return { mainUs: times[0]?.mainUs ?? 0, totalUs: times.reduce((sum, { totalUs }) => sum + totalUs, 0) };
  };
  const arrived = async (): Promise<number> => ((await collector.call('count')) as { distinct: number }).distinct;

  /** Waits until all have arrived, or nothing more does. */
  const drain = async (expected: number): Promise<number> => {
    let count = await arrived();
    let changedAtMs = performance.now();
    while (count < expected && performance.now() - changedAtMs < givenUpMs) {
      await pause(10);
      const now = await arrived();
      if (now !== count) changedAtMs = performance.now();
      count = now;
    }
    return count;
  };

  return {
    variant,
    app,
    collector,
    outbox: join(directory, 'outbox'),
    async round(load) {
      await collector.call('reset');
      await app.call('collectGarbage');
      await app.call('memory');
      const bookedBefore = (await app.call('bookings')) as number;
      const before = cpuTime();
      const result = await load(app.port);
      // What was cut off with its connection is booked all the same.
      await app.call('left');
      const booked = ((await app.call('bookings')) as number) - bookedBefore;
      const tells = variant.sender !== 'none';
      const backlog = tells ? booked - (await arrived()) : 0;
      const stoppedAtMs = performance.now();
      const received = tells ? await drain(booked) : 0;
      const isLost = received < booked;
      const drainMs = performance.now() - stoppedAtMs - (tells && isLost ? givenUpMs : 0);
      const atEnd = cpuTime();
      return {
        ...result,
        mainUs: (atEnd.mainUs - before.mainUs) / booked,
        totalUs: (atEnd.totalUs - before.totalUs) / booked,
        perSecond: result.requests / result.seconds,
        backlog,
        drainSeconds: Math.max(0, drainMs) / 1000,
        lost: tells ? booked - received : 0,
        peakBytes: (await app.call('memory')) as number,
      };
    },
    async stop() {
      await Promise.all([app.kill(), collector.kill(), worker?.kill()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
