import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** One of the programs beside this file, which listens on a port. */
export interface Program {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program in a process of its own; rejects when it ends before it listens. */
export function startProgram(file: string, environment: Readonly<Record<string, string>>): Promise<Program> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => {
      resolve({ pid: child.pid ?? 0, port, ended, kill: (signal) => void child.kill(signal) });
    });
    void ended.then(() => {
      reject(new Error(`${file} ended at its start`));
    });
  });
}
