import type { Child } from './start-child.js';
import type { Supervision } from './supervision.js';

export interface AppToKeep {
  /** At the beginning of a sentence: `The booking app`. */
  readonly name: string;
  /** Starts it; always at the same port. */
  readonly start: () => Child;
  /** When and where it starts again, in a sentence. */
  readonly restartText: string;
  /** What to wait for before it starts again; called with the process that was killed. @default nothing */
  readonly beforeRestart?: (killedPid: number | undefined) => Promise<void>;
}

/** A booking app whose process may be another one later. */
export interface KeptApp {
  /** Undefined while it does not run, or does not listen yet. */
  readonly pid: number | undefined;
  /** When this process began to listen, in milliseconds since 1970. */
  readonly since: number;
  kill(): void;
}

/** Starts the app, and starts it again after a SIGKILL, which the page can send. Any other end stops the demo. */
export async function keepApp(
  supervision: Supervision,
  { name, start, restartText, beforeRestart }: AppToKeep,
): Promise<KeptApp> {
  let running: Child | undefined;
  let since = 0;

  function setRunning(child: Child): void {
    running = child;
    since = Date.now();
  }

  function watch(child: Child): void {
    supervision.watch(child, (how) => {
      running = undefined;
      if (how === 'SIGKILL') {
        console.log(`\n${name} was killed (SIGKILL). ${restartText}`);
        void restart(child);
      } else {
        console.error(`\n${name} has ended unexpectedly (${how}).`);
        supervision.stop(1);
      }
    });
  }

  async function restart(killed: Child): Promise<void> {
    await beforeRestart?.(killed.pid);
    if (supervision.isStopping) return;
    const next = start();
    watch(next);
    next.listening.then(
      () => {
        setRunning(next);
        console.log(`${name} is back, pid ${next.pid}.\n`);
      },
      () => {
        // It ended before it listened; the watch on its end handles that.
      },
    );
  }

  const first = start();
  await first.listening;
  setRunning(first);
  watch(first);
  return {
    get pid() {
      return running?.pid;
    },
    get since() {
      return since;
    },
    kill() {
      running?.kill();
    },
  };
}
