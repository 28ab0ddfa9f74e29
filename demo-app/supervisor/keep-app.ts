import type { Child } from './start-child.js';
import type { Supervision } from './supervision.js';

export interface AppToKeep {
  /** At the beginning of a sentence: `The booking app`. */
  readonly name: string;
  /** Starts it at this port, or where its settings say. */
  readonly start: (port: number | undefined) => Child;
  /** When and where it starts again, in a sentence. */
  readonly restartText: string;
  /** What to wait for before it starts again; called with the process that was killed. @default nothing */
  readonly beforeRestart?: (killedPid: number | undefined) => Promise<void>;
}

/** A booking app whose process may be another one later. */
export interface KeptApp {
  /** Undefined while it does not run, or does not listen yet. */
  readonly pid: number | undefined;
  readonly port: number;
  kill(): void;
}

/** Starts the app, and starts it again after a SIGKILL, which the page can send. Any other end stops the demo. */
export async function keepApp(
  supervision: Supervision,
  { name, start, restartText, beforeRestart }: AppToKeep,
): Promise<KeptApp> {
  let running: Child | undefined;

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
    const next = start(port);
    watch(next);
    next.listening.then(
      () => {
        running = next;
        console.log(`${name} is back, pid ${next.pid}.\n`);
      },
      () => {
        // It ended before it listened; the watch on its end handles that.
      },
    );
  }

  const first = start(undefined);
  const { port } = await first.listening;
  running = first;
  watch(first);
  return {
    port,
    get pid() {
      return running?.pid;
    },
    kill() {
      running?.kill();
    },
  };
}
