import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ProgramEnd } from '../helpers/child-program.js';

/** A program that uses the package as it is built, in a process of its own. */
export interface BuiltProgram {
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[];
  /** What follows in the lines that begin so, once there are so many of them; rejects when it ends before. */
  said(beginning: string, count?: number): Promise<readonly string[]>;
  /** Hands it an order; only to one that was started with a channel. */
  tell(order: object): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone and everything it printed has been read. */
  readonly ended: Promise<ProgramEnd>;
}

export interface BuiltProgramOptions {
  /** One of `test/helpers/programs`, unless it is a path. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it takes orders; the channel for them keeps it alive. */
  readonly takesOrders?: boolean;
}

/** Starts programs for the tests of a file; what still runs after a test is killed. */
export function useBuiltPrograms(): (options: BuiltProgramOptions) => BuiltProgram {
  const running = new Set<BuiltProgram>();
  afterEach(async () => {
    for (const program of running) program.kill('SIGKILL');
    await Promise.all([...running].map((program) => program.ended));
  });
  return (options) => {
    const program = startProgram(options);
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
}

function startProgram({
  file,
  args = [],
  nodeArgs = [],
  env = {},
  takesOrders = false,
}: BuiltProgramOptions): BuiltProgram {
  const path = join(__dirname, '../helpers/programs', file);
  const child: ChildProcess = spawn(process.execPath, [...nodeArgs, file.startsWith('/') ? file : path, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(takesOrders ? (['ipc'] as const) : [])],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let isEnded = false;

  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once('close', (code, signal) => {
      isEnded = true;
      for (const check of waiting) check();
      resolve({ code, signal, stderr });
    });
  });

  return {
    lines,
    ended,
    kill: (signal) => child.kill(signal),
    tell: (order) => child.send(order),
    said: (beginning, count = 1) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = lines.filter((line) => line.startsWith(beginning));
          if (found.length < count && !isEnded) return;
          waiting.delete(check);
          if (found.length >= count) resolve(found.map((line) => line.slice(beginning.length).trim()));
          else reject(new Error(`${file} ended without "${beginning}" (${String(count)} times): ${stderr}`));
        };
        waiting.add(check);
        check();
      }),
  };
}
