import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time that a process has used since its start, user and system, in microseconds. */
export interface CpuTime {
  /** Of its main thread, the one that runs the app's JavaScript. */
  readonly mainUs: number;
  /** Of all its threads. */
  readonly totalUs: number;
}

// Clock ticks a second: proc(5), "utime" and "stime".
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** From the operating system's accounting of each thread; Linux only. */
export function cpuTimeOf(pid: number): CpuTime {
  const directory = `/proc/${pid}/task`;
  const times = new Map(
    readdirSync(directory).map((thread) => [Number(thread), ticksOf(`${directory}/${thread}/stat`)]),
  );
  const totalTicks = [...times.values()].reduce((sum, ticks) => sum + ticks, 0);
  const toUs = (ticks: number): number => (ticks / ticksPerSecond) * 1_000_000;
  return { mainUs: toUs(times.get(pid) ?? 0), totalUs: toUs(totalTicks) };
}

function ticksOf(path: string): number {
  let stat: string;
  try {
    stat = readFileSync(path, 'utf8');
  } catch {
    // A thread that has ended since the directory was read.
    return 0;
  }
  // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
