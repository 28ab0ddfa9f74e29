import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
}

/** Sends a signal to a process; one that is gone already does not mind. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The children of a process that are running now. */
export function childrenOf(pid: number): number[] {
  return runningProcesses()
    .filter(({ parentPid }) => parentPid === pid)
    .map((child) => child.pid);
}

/** Those of the processes that still run. One that has ended and waits to be noticed by its parent does not. */
export function stillRunning(pids: readonly number[]): number[] {
  const running = new Set(runningProcesses().map(({ pid }) => pid));
  return pids.filter((pid) => running.has(pid));
}

function runningProcesses(): RunningProcess[] {
  // Slim images of Debian have no ps.
  return existsSync('/proc/self/stat') ? fromProc() : fromPs();
}

function fromProc(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name of the program, in brackets, may have spaces and brackets in it.
        const [state = '', parentPid = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return processOf(name, parentPid, state);
      } catch {
        return [];
      }
    });
}

function fromPs(): RunningProcess[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid = '', parentPid = '', state = ''] = line.trim().split(/\s+/);
    return pid === '' ? [] : processOf(pid, parentPid, state);
  });
}

function processOf(pid: string, parentPid: string, state: string): RunningProcess[] {
  return /^[ZX]/.test(state) ? [] : [{ pid: Number(pid), parentPid: Number(parentPid) }];
}
