import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface Program {
  readonly pid: number;
  /** How it ended: its exit code or the signal. */
  readonly ended: Promise<number | string>;
  /** Everything it has printed so far, errors included. */
  output(): string;
  /** The first group of the pattern, once the program has printed something that matches. */
  printed(pattern: RegExp): Promise<string>;
}

export interface Programs {
  /** The directory for the programs' files. */
  readonly dataDirectory: string;
  /** Starts a program of the demo as `npm run` does, on free ports unless `environment` says otherwise. */
  start(script: string, environment?: NodeJS.ProcessEnv, args?: string[]): Program;
  /** Adds a process that one of the programs started to those that `end` kills. */
  watch(pid: number): void;
  /** Kills the processes that still run, and removes the files. */
  end(): Promise<void>;
}

const PROJECT = join(__dirname, '..', '..');

/** The demo's programs for one test, with files of their own. */
export function createPrograms(): Programs {
  const directory = temporaryDirectory();
  const pids: number[] = [];
  return {
    dataDirectory: directory.path,
    start(script, environment = {}, args = []) {
      const program = startProgram(script, { DEMO_DATA_DIR: directory.path, ...environment }, args);
      pids.push(program.pid);
      return program;
    },
    watch(pid) {
      pids.push(pid);
    },
    async end() {
      for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      for (const pid of pids) await gone(pid);
      directory.remove();
    },
  };
}

function startProgram(script: string, environment: NodeJS.ProcessEnv, args: string[]): Program {
  if (!existsSync(join(PROJECT, 'dist', 'esm', 'index.js'))) throw new Error('Run `npm run build` first');
  const child = spawn(process.execPath, ['--import', 'tsx', join('demo-app', script), ...args], {
    cwd: PROJECT,
    env: {
      PATH: process.env['PATH'],
      DEMO_PORT: '0',
      CRM_PORT: '0',
      TSX_TSCONFIG_PATH: join('demo-app', 'tsconfig.json'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  let hasEnded = false;
  // Not `exit`, because the last output may arrive after that.
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
    hasEnded = true;
    return code ?? signal ?? '';
  });
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    printed: (pattern) =>
      eventually(`${String(pattern)} in the output of ${script}`, () => {
        const match = pattern.exec(output);
        if (match) return match[1] ?? match[0];
        if (hasEnded) throw new Error(`${script} ended early:\n${output}`);
        return undefined;
      }),
  };
}

/** Whether a process with this id still runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // In a container whose first process does not reap orphans, a process that has ended stays as a zombie.
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !readFileSync(status, 'utf8').includes(') Z ');
}

export async function gone(pid: number): Promise<void> {
  await eventually(`process ${pid} is gone`, () => (isRunning(pid) ? undefined : true));
}
