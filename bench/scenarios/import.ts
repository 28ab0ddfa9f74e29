import { mkdtempSync, rmSync } from 'node:fs';
import { startProgram } from '../program.js';
import { median } from '../median.js';

/** What a step of an app's start adds to its process. */
export interface Added {
  readonly ms: number;
  /** Of all threads. */
  readonly cpuMs: number;
  /** Resident memory. */
  readonly bytes: number;
}

/** The median of each figure over all rounds. */
export interface ImportCosts {
  readonly express: Added;
  /** `require('express-crm-notifier')` after Express. */
  readonly ours: Added;
  /** From `createNotifier` to the first receipt, stored on disk. */
  readonly firstReceipt: Added;
}

/** What it costs to load the package, each time in a new process. */
export async function timeImport(rounds: number): Promise<ImportCosts> {
  const measured: ImportCosts[] = [];
  const collector = await startProgram('collector.mjs');
  for (let round = 0; round < rounds; round += 1) {
    const directory = mkdtempSync('/var/tmp/bench-');
    const COLLECTOR = `http://127.0.0.1:${collector.port}`;
    const program = await startProgram('import.mjs', { COLLECTOR, DIRECTORY: directory });
    measured.push((await program.call('added')) as ImportCosts);
    await program.call('close');
    await program.kill();
    rmSync(directory, { recursive: true, force: true });
  }
  await collector.kill();
  const middle = (step: keyof ImportCosts): Added => ({
    ms: median(measured.map((costs) => costs[step].ms)),
    cpuMs: median(measured.map((costs) => costs[step].cpuMs)),
    bytes: median(measured.map((costs) => costs[step].bytes)),
  });
  return { express: middle('express'), ours: middle('ours'), firstReceipt: middle('firstReceipt') };
}
