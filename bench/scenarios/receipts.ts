import { mkdtempSync, rmSync } from 'node:fs';
import { percentiles } from '../load.js';
import { startProgram } from '../program.js';

/** How long one receipt takes while nothing else happens, in milliseconds. */
export interface Receipts {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Receipts one after the other, with the post office in a thread and inline, beside a write of 20 KB and its `fdatasync`. */
export async function timeReceipts(count: number, rounds: number, say: (line: string) => void): Promise<Receipts[]> {
  const times = new Map<string, number[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const isThread of [true, false]) {
      const directory = mkdtempSync('/var/tmp/bench-');
      const collector = await startProgram('collector.mjs');
      const sender = await startProgram('receipts.mjs', {
        COLLECTOR: `http://127.0.0.1:${collector.port}`,
        COUNT: String(count),
        DIRECTORY: directory,
        THREAD: String(isThread),
      });
      // The first are not counted: the code gets warm, and the log as long as it stays.
      await sender.call('receipts');
      for (const name of ['plain', 'receipts', 'plain', 'receipts']) {
        const measured = (await sender.call(name)) as number[];
        const what = name === 'plain' ? 'write and fdatasync' : isThread ? 'ours, in a thread' : 'ours, inline';
        times.set(what, [...(times.get(what) ?? []), ...measured]);
      }
      await sender.call('close');
      await Promise.all([sender.kill(), collector.kill()]);
      rmSync(directory, { recursive: true, force: true });
    }
    say(`${round}/${rounds}`);
  }
  return [...times].map(([name, measured]) => ({ name, ...percentiles(measured) }));
}
