import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A small program of `test/helpers/programs` in a process of its own. */
export interface ChildProgram {
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the first line that begins so, past or future; rejects when the process ends without it. */
  line(beginning: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone and everything it printed has been read. */
  readonly ended: Promise<ProgramEnd>;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
}

/** Starts programs for the tests of a file; what still runs after a test is killed. */
export function usePrograms(): (name: string, options?: ProgramOptions) => ChildProgram {
  const running = new Set<ChildProgram>();
  afterEach(async () => {
    for (const program of running) program.kill('SIGKILL');
    await Promise.all([...running].map((program) => program.ended));
  });
  return (name, options) => {
    const program = startProgram(name, options);
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
}

function startProgram(name: string, { args = [] }: ProgramOptions = {}): ChildProgram {
  const path = join(__dirname, 'programs', `${name}.ts`);
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    ['--import', join(__dirname, 'load-sources.mjs'), path, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let isEnded = false;

  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
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
    line: (beginning) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = lines.find((line) => line.startsWith(beginning));
          if (found === undefined && !isEnded) return;
          waiting.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`${name} ended without the line "${beginning}": ${stderr}`));
        };
        waiting.add(check);
        check();
      }),
  };
}
