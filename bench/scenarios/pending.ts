import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fillOutbox } from '../fill-outbox.js';
import { startProgram } from '../program.js';

/** What a backlog costs that is there at the start. */
export interface Pending {
  readonly count: number;
  /** From `createNotifier` to the open outbox, and to the first arrival. */
  readonly readyMs: number;
  readonly firstArrivalMs: number;
  /** What the process grew by, while it delivered the first thousands. */
  readonly memoryBytes: number;
  readonly perSecond: number;
}

interface Count {
  readonly distinct: number;
  /** In milliseconds since 1970. */
  readonly firstAt: number;
}

/** Starts with so many pending and delivers the first of them. */
export async function openWith(count: number): Promise<Pending> {
  const directory = mkdtempSync('/var/tmp/bench-');
  fillOutbox(join(directory, 'outbox'), count);
  const collector = await startProgram('collector.mjs');
  const sender = await startProgram('deliver-pending.mjs', {
    COLLECTOR: `http://127.0.0.1:${collector.port}`,
    DIRECTORY: join(directory, 'outbox'),
  });
  const goal = Math.min(count, 20_000);
  let now = (await collector.call('count')) as Count;
  const startedAtMs = performance.now();
  const startedWith = now.distinct;
  while (now.distinct < goal) {
    await pause(5);
    now = (await collector.call('count')) as Count;
  }
  const perSecond = ((now.distinct - startedWith) / (performance.now() - startedAtMs)) * 1000;
  const { readyMs, startedAt } = (await sender.call('opening')) as { readyMs: number; startedAt: number };
  const memoryBytes = (await sender.call('memory')) as number;
  await Promise.all([sender.kill(), collector.kill()]);
  rmSync(directory, { recursive: true, force: true });
  return { count, readyMs, firstArrivalMs: now.firstAt - startedAt, memoryBytes, perSecond };
}
