import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isListeningMessage } from '../runtime/listening-message.js';
import type { ListeningMessage } from '../runtime/listening-message.js';
import type { Environment } from '../runtime/settings.js';
import { StartError } from '../runtime/start-error.js';

export interface ChildProgram {
  readonly name: string;
  /** Its main file, seen from the demo's directory. */
  readonly main: string;
  readonly environment: Environment;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves, with where, once the child accepts requests; rejects when it ends before that. */
  readonly listening: Promise<ListeningMessage>;
  /** Resolves with how it ended: a signal, an exit code or what kept it from starting. */
  readonly ended: Promise<string>;
  /** Asks it to end in the clean way, and resolves when it has. */
  stop(): Promise<void>;
  kill(): void;
}

const DEMO_DIRECTORY = new URL('../', import.meta.url);

/**
 * Starts one of the services. A process group of its own keeps the terminal's Ctrl-C away from it, so that the
 * supervisor decides who stops first; it holds a channel to the supervisor, whose end tells it to stop as well.
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
