import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, signal, stillRunning } from './process-family.js';
import type { UserId } from './unprivileged-user.js';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 10;

/** PostgreSQL takes settings from its environment; ours shall not be among them. */
export const postgresEnvironment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/** The first process of a server, which makes all others. */
export interface Postmaster {
  isRunning(): boolean;
  /** To the postmaster first, so that it makes no process in between. */
  signalAll(name: NodeJS.Signals): void;
  /** Ends the server by a signal to the postmaster; a frozen one is thawed first. */
  end(name: NodeJS.Signals): Promise<void>;
  /** Ends all of them by SIGKILL. Resolves once they are gone and their shared memory is free. */
  kill(): Promise<void>;
}

/** @throws Error with the end of the server's log when it does not start. */
export async function startPostmaster(
  postgres: string,
  args: readonly string[],
  directory: string,
  user: UserId,
): Promise<Postmaster> {
  const data = join(directory, 'data');
  const logFile = join(directory, 'server.log');
  const log = openSync(logFile, 'a');
  // Not in our process group: Ctrl-C is for this process, which still needs the server while it closes.
  const child = spawn(postgres, ['-D', data, ...args], {
    ...user,
    cwd: directory,
    env: postgresEnvironment,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve());
  });
  const { pid } = child;
  const isRunning = (): boolean => pid !== undefined && child.exitCode === null && child.signalCode === null;

  const deadline = performance.now() + START_TIMEOUT_MS;
  while (pid === undefined || !isReady(data, pid)) {
    if (pid === undefined || !isRunning() || performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw new Error(`PostgreSQL did not start; the end of its log:\n${endOf(logFile)}`);
    }
    await delay(POLL_MS);
  }

  const signalAll = (name: NodeJS.Signals): void => {
    signal(pid, name);
    for (const member of childrenOf(pid)) signal(member, name);
  };

  return {
    isRunning,
    signalAll,
    async end(name) {
      if (!isRunning()) return;
      signalAll('SIGCONT');
      child.ref();
      child.kill(name);
      await ended;
    },
    async kill() {
      if (!isRunning()) return;
      signal(pid, 'SIGSTOP');
      const children = childrenOf(pid);
      for (const member of [pid, ...children]) signal(member, 'SIGKILL');
      child.ref();
      await ended;
      while (stillRunning(children).length > 0) await delay(POLL_MS);
    },
  };
}

/** Whether the server says so itself, in the eighth line of its file. A killed server has left such a file, too. */
function isReady(data: string, pid: number): boolean {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines[0] === String(pid) && ['ready', 'standby'].includes(lines[7]?.trim() ?? '');
}

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').split('\n').slice(-20).join('\n');
}
