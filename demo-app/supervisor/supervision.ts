import { KILLED_BY_CTRL_C, onStopRequest } from '../runtime/on-stop-request.js';
import { startChild } from './start-child.js';
import type { Child, ChildProgram } from './start-child.js';

/** Programs that run together, and what they need. */
export interface Supervision {
  readonly isStopping: boolean;
  /** Throws when the demo is stopping. */
  start(program: ChildProgram): Child;
  /** At the end `close` is called, once everything that was started later has ended. */
  closeAtEnd(close: () => Promise<void>): void;
  /** Calls `onUnexpectedEnd` with how the child ended, unless the demo is stopping. */
  watch(child: Child, onUnexpectedEnd: (how: string) => void): void;
  /** Stops everything, then ends the process with this exit code. */
  stop(exitCode: number): void;
}

/** Runs `startAll`, and stops on request what that has started, then ends the process. `stopText` says so. */
export async function superviseAll(
  stopText: string,
  startAll: (supervision: Supervision) => Promise<void>,
): Promise<void> {
  const children: Child[] = [];
  /** In the order of their start. */
  const closers: (() => Promise<void>)[] = [];
  let isStopping = false;

  onStopRequest({
    stop: () => {
      console.log(`\n${stopText} Ctrl-C again ends them at once.`);
      void stop(0);
    },
    kill: () => {
      for (const child of children) child.kill();
      process.exit(KILLED_BY_CTRL_C);
    },
  });
  await startAll({
    get isStopping() {
      return isStopping;
    },
    start(program) {
      if (isStopping) throw new Error('The demo is stopping');
      const child = startChild(program);
      children.push(child);
      closers.push(() => child.stop());
      return child;
    },
    closeAtEnd(close) {
      closers.push(close);
    },
    watch(child, onUnexpectedEnd) {
      void child.ended.then((how) => {
        if (!isStopping) onUnexpectedEnd(how);
      });
    },
    stop(exitCode) {
      void stop(exitCode);
    },
  }).catch(giveUp);

  async function giveUp(error: unknown): Promise<void> {
    // If the demo is stopped while it starts, a child ends before it listens. That is not a failure.
    if (isStopping) return;
    isStopping = true;
    await closeAll();
    throw error;
  }

  async function stop(exitCode: number): Promise<void> {
    isStopping = true;
    await closeAll();
    process.exit(exitCode);
  }

  /** What was started last first: while a booking app stops, it still delivers to the CRM. */
  async function closeAll(): Promise<void> {
    for (const close of closers.toReversed()) await close();
  }
}
