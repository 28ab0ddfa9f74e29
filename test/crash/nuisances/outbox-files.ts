import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

/** Stops all apps for a moment, so that what is done to several files is done at one instant. */
export async function whileFrozen({ apps }: Stage, work: () => void): Promise<void> {
  for (const app of apps) app?.kill('SIGSTOP');
  // A signal is on its way for a moment, and longer for a thread that waits for a processor.
  do await pause(5);
  while (apps.some((app) => app !== undefined && isRunning(app.pid)));
  try {
    work();
  } finally {
    for (const app of apps) app?.kill('SIGCONT');
  }
}

/** Whether a thread of a process that is being stopped has not stopped yet; false where the system does not say. */
function isRunning(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return !threads.every((thread) => /\) [TtZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  } catch {
    return false;
  }
}
