import { readdirSync, readFileSync } from 'node:fs';
import type { Program } from './program.js';

/** Measures how late the machine is with the work of some programs, because it is busy with other things. */
export interface Lateness {
  /** How long the programs have been kept waiting since the start, in milliseconds. */
  lateMs(): number;
  stop(): void;
}

const tickMs = 20;

/**
 * On Linux the kernel says for how long each thread was ready to run and had no processor; what counts is the thread that
 * waited longest, since what is delivered passes through it. Where it does not say, or has little to say, it is how late
 * this process's own timer has been in all.
 */
export function measureLateness(programs: readonly Pick<Program, 'pid'>[]): Lateness {
  let timerMs = 0;
  let dueAtMs = performance.now() + tickMs;
  const timer = setInterval(() => {
    timerMs += Math.max(0, performance.now() - dueAtMs);
    dueAtMs = performance.now() + tickMs;
  }, tickMs);
  const before = new Map(programs.flatMap(({ pid }) => runDelaysOf(pid)));
  return {
    lateMs() {
      const now = programs.flatMap(({ pid }) => runDelaysOf(pid));
      return Math.round(Math.max(timerMs, ...now.map(([thread, ms]) => ms - (before.get(thread) ?? 0))));
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** How long each thread of a process has waited for a processor, in milliseconds; none where the system does not say. */
function runDelaysOf(pid: number): (readonly [thread: string, ms: number])[] {
  const directory = `/proc/${pid}/task`;
  return listed(directory).flatMap((thread) => {
    const [, delayNs] = contentOf(`${directory}/${thread}/schedstat`).split(' ');
    return delayNs === undefined ? [] : [[thread, Number(delayNs) / 1e6] as const];
  });
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Empty for a thread that has ended meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
