import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** One of `programs/`, in a process of its own, that answers calls by messages. */
export interface Program {
  readonly pid: number;
  /** The port it listens on, if it does. */
  readonly port: number;
  call(name: string): Promise<unknown>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

type Message = { readonly ready: { readonly port?: number } } | { readonly call: number; readonly value: unknown };

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts it and waits until it is ready; rejects when it ends before. */
export function startProgram(file: string, environment: Readonly<Record<string, string>> = {}): Promise<Program> {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'programs', file)], {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.add(child);
  const calls = new Map<number, (value: unknown) => void>();
  let count = 0;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    void ended.then(() => {
      reject(new Error(`${file} ended at its start`));
    });
    child.on('message', (message: Message) => {
      if ('call' in message) {
        calls.get(message.call)?.(message.value);
        calls.delete(message.call);
        return;
      }
      resolve({
        pid: child.pid ?? 0,
        port: message.ready.port ?? 0,
        call: (name) =>
          new Promise((answer) => {
            count += 1;
            calls.set(count, answer);
            child.send({ call: count, name });
          }),
        kill: (signal = 'SIGKILL') => {
          child.kill(signal);
          return ended;
        },
      });
    });
  });
}
