import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isListeningMessage } from '../runtime/listen.js';
import type { ListeningMessage } from '../runtime/listen.js';
import type { Environment } from '../runtime/settings.js';
import { StartError } from '../runtime/run-main.js';

export interface ChildProgram {
  readonly name: string;
  /** Its main file, relative to the demo's directory. */
  readonly main: string;
  readonly environment: Environment;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves once the child accepts requests; rejects if it ends before that. */
  readonly listening: Promise<ListeningMessage>;
  /** Resolves with how it ended: a signal, an exit code or the reason that it did not start. */
  readonly ended: Promise<string>;
  /** Asks it to end cleanly. Resolves once it has. */
  stop(): Promise<void>;
  kill(): void;
}

const DEMO_DIRECTORY = new URL('../', import.meta.url);

/**
 * Starts one of the services, in a process group of its own, so that Ctrl-C in the terminal reaches only the supervisor,
 * which stops them in order. If the supervisor dies, its channel to the child closes, and the child stops too.
 */
export function startChild({ name, main, environment }: ChildProgram): Child {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), pathInDemo(main)], {
    env: { ...environment, TSX_TSCONFIG_PATH: pathInDemo('tsconfig.json') },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });

  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${code}`);
    });
  });
  const listening = new Promise<ListeningMessage>((resolve, reject) => {
    child.on('message', (message) => {
      if (isListeningMessage(message)) resolve(message);
    });
    void ended.then((how) => {
      reject(new StartError(`The ${name} did not start (${how}).`));
    });
  });

  return {
    pid: child.pid,
    listening,
    ended,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function pathInDemo(file: string): string {
  return fileURLToPath(new URL(file, DEMO_DIRECTORY));
}
