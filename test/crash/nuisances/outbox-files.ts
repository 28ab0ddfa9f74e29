import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from '../stage.js';

const fileName = 'outbox.db';

export function pathOf(directory: string, ending = ''): string {
  return join(directory, `${fileName}${ending}`);
}

export function removeFiles(directory: string, endings: readonly string[]): void {
  for (const ending of endings) rmSync(pathOf(directory, ending), { force: true });
}

/** A copy of the file and its log, as a backup of the disk has them: of one instant. */
export async function takeBackup(stage: Stage, into: string): Promise<void> {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into);
  await whileFrozen(stage, () => {
    copyFiles(stage.outbox, into);
  });
}

/** Puts a copy in the place of the file, its log in the place of the log. */
export async function restoreBackup(stage: Stage, from: string): Promise<void> {
  await whileFrozen(stage, () => {
    removeFiles(stage.outbox, ['', '-wal', '-shm']);
    copyFiles(from, stage.outbox);
  });
}

function copyFiles(from: string, into: string): void {
  for (const ending of ['', '-wal']) {
    if (existsSync(pathOf(from, ending))) copyFileSync(pathOf(from, ending), pathOf(into, ending));
  }
}

/** Stops all apps for a moment; much shorter than `holdMs`. */
async function whileFrozen({ apps }: Stage, work: () => void): Promise<void> {
  for (const app of apps) app?.kill('SIGSTOP');
  // A signal is on its way for a moment.
  await pause(5);
  try {
    work();
  } finally {
    for (const app of apps) app?.kill('SIGCONT');
  }
}
