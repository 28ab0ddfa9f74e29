import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuTimeOf } from '../cpu-time.js';
import { fillOutbox } from '../fill-outbox.js';
import { startProgram, type Program } from '../program.js';

/** Delivering what is there already. */
export interface Deliveries {
  readonly count: number;
  readonly perSecond: number;
  /** Of the sending process, for each. */
  readonly cpuUs: number;
}

export interface DeliveryComparison {
  readonly raw: readonly Deliveries[];
  readonly ours: readonly Deliveries[];
  /** Ours, with so many in each request as `batchCount` says. */
  readonly inBatches: readonly Deliveries[];
}

export const batchCount = 500;

const concurrency = 8;
/** Batches are so much faster that the same number would be over before it is measured. */
const batchFactor = 8;

/** Delivery with its outbox on disk against undici's dispatch alone, in turn. */
export async function compareDelivery(
  count: number,
  rounds: number,
  say: (line: string) => void,
): Promise<DeliveryComparison> {
  const raw: Deliveries[] = [];
  const ours: Deliveries[] = [];
  const inBatches: Deliveries[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    raw.push(await dispatchRaw(count));
    ours.push(await deliverFrom(count));
    inBatches.push(await deliverFrom(count * batchFactor, { BATCH: String(batchCount) }));
    const [ofRaw, ofOurs, ofBatches] = [raw, ours, inBatches].map((of) => `${of.at(-1)?.perSecond.toFixed(0) ?? ''}/s`);
    say(`${round}/${rounds} raw ${ofRaw}, ours ${ofOurs}, in batches ${ofBatches}`);
  }
  return { raw, ours, inBatches };
}

async function dispatchRaw(count: number): Promise<Deliveries> {
  const collector = await startProgram('collector.mjs');
  const sender = await startProgram('raw-dispatch.mjs', {
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
    COUNT: String(count),
    CONCURRENCY: String(concurrency),
  });
  await sender.call('start');
  const measured = await measure(sender, collector, count);
  await Promise.all([sender.kill(), collector.kill()]);
  return measured;
}

async function deliverFrom(count: number, environment: Readonly<Record<string, string>> = {}): Promise<Deliveries> {
  const directory = mkdtempSync('/var/tmp/bench-');
  fillOutbox(join(directory, 'outbox'), count);
  const collector = await startProgram('collector.mjs');
  const sender = await startProgram('deliver-pending.mjs', {
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
    DIRECTORY: join(directory, 'outbox'),
    ...environment,
  });
  const measured = await measure(sender, collector, count);
  await Promise.all([sender.kill(), collector.kill()]);
  rmSync(directory, { recursive: true, force: true });
  return measured;
}

/** From the second tenth on, when the code is warm, to the end. */
async function measure(sender: Program, collector: Program, count: number): Promise<Deliveries> {
  const arrived = async (): Promise<number> => ((await collector.call('count')) as { distinct: number }).distinct;
  const until = async (goal: number): Promise<{ count: number; atMs: number; cpuUs: number }> => {
    for (;;) {
      const now = await arrived();
      if (now >= goal) return { count: now, atMs: performance.now(), cpuUs: cpuTimeOf(sender.pid).totalUs };
      await pause(5);
    }
  };
  const from = await until(count / 10);
  const to = await until(count);
  const delivered = to.count - from.count;
  return {
    count: delivered,
    perSecond: (delivered / (to.atMs - from.atMs)) * 1000,
    cpuUs: (to.cpuUs - from.cpuUs) / delivered,
  };
}
