import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { bareEnvironment } from '../helpers/bare-environment.js';

/** A program of a project, run by node in a process of its own. */
export interface RunningProgram {
  /** All that it has printed so far, on both outputs. */
  output(): string;
  /** Resolves with the first match in what it has printed or will print; rejects when it ends without one, or after a minute. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal. Resolves, once the process is gone, with its exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<string>;
}

/** Starts `node <args>` in a project, with these variables and nothing else of jest's environment. */
export function startProgram(
  project: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): RunningProgram {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, args, {
    cwd: project,
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isEnded = false;
  const waiting = new Set<() => void>();
  const checkAll = (): void => {
    for (const check of [...waiting]) check();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      checkAll();
    });
  }
  const closed = (async () => {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    isEnded = true;
    checkAll();
    return String(code ?? signal);
  })();

  return {
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const settle = (how: string | RegExpExecArray): void => {
          waiting.delete(check);
          clearTimeout(timer);
          if (typeof how !== 'string') resolve(how);
          else reject(new Error(`it ${how} without ${String(pattern)}; it printed\n${output}`));
        };
        const check = (): void => {
          const found = pattern.exec(output);
          if (found !== null) settle(found);
          else if (isEnded) settle('ended');
        };
        const timer = setTimeout(() => settle('ran for a minute'), 60_000);
        waiting.add(check);
        check();
      }),
    end: (signal) => {
      child.kill(signal);
      return closed;
    },
  };
}
