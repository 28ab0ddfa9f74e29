import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Program } from '../program.js';
import { drawFrom, type Stage } from '../stage.js';

/** Fills the disk of some app now and then, for a moment. */
export async function fillDisk(stage: Stage): Promise<void> {
  while (!stage.isOver) {
    await pause(Math.random() * 300);
    await stage.quiet.disturb(async () => {
      const app = drawFrom(stage.apps);
      if (app === undefined) return;
      if (limitFileSize(app, 4096)) stage.counts.diskFills += 1;
      await pause(Math.random() * 400);
      limitFileSize(app, undefined);
    });
  }
}

/** To the app a disk that is full: writing beyond the limit fails. Answers whether the app was still there. */
function limitFileSize({ pid }: Program, bytes: number | undefined): boolean {
  try {
    execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes ?? 'unlimited'}:unlimited`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
