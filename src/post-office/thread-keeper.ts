import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import { version } from '../core/version.js';
import { watchForHang } from './hang-watch.js';
import { servePostOffice, type ServingOptions } from './serve-post-office.js';
import {
  type AcceptGate,
  createAcceptGate,
  createExitGate,
  type ExitGate,
  shutAcceptGate,
  shutExitGate,
} from './thread-gates.js';
import type { FromThread, ThreadData, ToThread } from './thread-messages.js';

export interface ThreadKeeperOptions {
  /** The compiled `post-office-thread`. */
  readonly threadFile: string;
  readonly data: Omit<ThreadData, keyof Gates | 'version'>;
  /** For when there is no thread: this one has the functions already, and loading them may be what failed. */
  readonly functionsOf: ServingOptions['functionsOf'];
  readonly clock: Clock;
  readonly onMessage: (message: FromThread) => void;
  /** The thread has ended or, `isHang`, hangs; another will be started. */
  readonly onTrouble: (isHang: boolean) => void;
  /** No thread could be started, and why; the post office runs in this thread instead. Called at most once, at the start. */
  readonly onThreadless: (error: unknown) => void;
  /** Another was started, and has none of the messages that were sent to the last one. */
  readonly onRestart: () => void;
  /** Whether anything waits for the thread. */
  readonly isAwaited: () => boolean;
  /** Called once, after `stop`, when no thread has the outbox's file open any more. */
  readonly onGone: () => void;
}

interface Gates {
  readonly exitGate: ExitGate;
  readonly acceptGate: AcceptGate;
}

/**
 * Keeps a post office's thread running: starts another when it ends or hangs. If the first one fails before it has sent anything,
 * no other would do better: not allowed, or its file cannot be loaded. Then this thread does its work.
 */
export interface ThreadKeeper {
  /** Does nothing while there is no thread; see `onRestart`. */
  send(message: ToThread): void;
  /** Call when `isAwaited` may have changed: keeps the process alive while it is true. */
  updateKeepAlive(): void;
  /** Lets no thread begin another batch. Returns the last batch that a thread may have begun. */
  refuseBatches(): number;
  /** Starts no more threads. `isFileClosed`: the running thread has reported that. */
  stop(isFileClosed: boolean): void;
}

const firstRestartMs = 50;
const maxRestartMs = 5_000;
/** Few objects outlive the delivery that made them: V8's default of 48 MB took 5 to 15 MB more and saved no CPU time. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };
/** Longer than a commit takes, and too short to be called a hang. */
const exitWaitMs = 1_000;

export function createThreadKeeper(options: ThreadKeeperOptions): ThreadKeeper {
  const { threadFile, clock, onMessage, onTrouble, onThreadless, onRestart, isAwaited, onGone } = options;
  // Those that may have the outbox's file open.
  const threads = new Map<Worker | MessagePort, Gates>();
  let worker: Worker | MessagePort | undefined;
  let hasRun = false;
  let restarts = 0;
  let restartAtMs = 0;
  let cancelRestart: (() => void) | undefined;
  let isStopped = false;
  let isGone = false;
  process.once('exit', shutGates);
  const hangWatch = watchForHang({ clock, isAwaited, ping, onHang });
  start();
  updateKeepAlive();

  function start(): void {
    try {
      startThread();
    } catch (error) {
      // Not allowed, or for lack of memory perhaps.
      onFailure(error);
    }
  }

  function startThread(): void {
    const { gates, workerData } = newThreadData();
    // Without the app's loaders and inspectors: the file is plain JavaScript.
    const started = new Worker(threadFile, { workerData, execArgv: [], name: 'crm-post-office', resourceLimits });
    let failure: unknown;
    started.on('error', (error) => {
      failure = error;
    });
    started.on('exit', () => {
      threads.delete(started);
      if (worker === started) onFailure(failure);
      finishIfGone();
    });
    keep(started, gates);
  }

  /** Does the thread's work in this one, with the same messages. */
  function startHere(): void {
    const { gates, workerData } = newThreadData();
    const { port1, port2 } = new MessageChannel();
    port1.on('close', () => {
      threads.delete(port1);
      finishIfGone();
    });
    keep(port1, gates);
    servePostOffice(port2, workerData, { functionsOf: options.functionsOf });
    // It is awaited at the other end.
    port2.unref();
  }

  function newThreadData(): { readonly gates: Gates; readonly workerData: ThreadData } {
    const gates = { exitGate: createExitGate(), acceptGate: createAcceptGate() };
    return { gates, workerData: { ...options.data, ...gates, version } };
  }

  function keep(started: Worker | MessagePort, gates: Gates): void {
    worker = started;
    threads.set(started, gates);
    hangWatch.onSign();
    started.on('message', (message: FromThread) => {
      if (worker !== started) return;
      hasRun = true;
      hangWatch.onSign();
      if (message.kind === 'accepted') restarts = 0;
      onMessage(message);
    });
  }

  /** `error` is undefined if the thread just ended. Of one that has run it is not passed on, because it may quote anything. */
  function onFailure(error: unknown): void {
    if (hasRun || isStopped || error === undefined) {
      onEnd(false);
      return;
    }
    hasRun = true;
    onThreadless(error);
    // This thread cannot notice that it hangs itself.
    hangWatch.stop();
    startHere();
    onRestart();
    updateKeepAlive();
  }

  function onEnd(isHang: boolean): void {
    worker = undefined;
    if (isStopped) return;
    onTrouble(isHang);
    restartAtMs = clock.monotonicMs() + Math.min(firstRestartMs * 2 ** Math.min(restarts, 10), maxRestartMs);
    restarts += 1;
    updateKeepAlive();
  }

  function awaitRestart(): void {
    cancelRestart?.();
    if (isStopped) return;
    cancelRestart = clock.after(Math.max(0, restartAtMs - clock.monotonicMs()), restart, { keepAlive: isAwaited() });
  }

  function restart(): void {
    start();
    onRestart();
    updateKeepAlive();
  }

  function send(message: ToThread): void {
    worker?.postMessage(message);
  }

  /** An idle post office keeps no process alive; one that is awaited does, by its thread or by the timer for the next one. */
  function updateKeepAlive(): void {
    if (isStopped) return;
    if (worker === undefined) awaitRestart();
    else if (isAwaited()) worker.ref();
    else worker.unref();
  }

  function ping(): boolean {
    send({ kind: 'ping' });
    return worker !== undefined;
  }

  /**
   * A thread that hangs is left alone and asked to close when it can: ending it by force in the middle of a native call may end
   * the process. It begins no other batch, and if it has begun one, the outbox skips what is sent to it twice.
   */
  function onHang(): void {
    const hung = worker;
    if (hung === undefined) return;
    hung.postMessage({ kind: 'call', call: 0, name: 'close', argument: 1 } satisfies ToThread);
    hung.unref();
    const gates = threads.get(hung);
    if (gates !== undefined) shutAcceptGate(gates.acceptGate);
    onEnd(true);
  }

  function finishIfGone(): void {
    if (!isStopped || isGone || threads.size > 0) return;
    isGone = true;
    process.off('exit', shutGates);
    onGone();
  }

  function shutGates(): void {
    for (const { exitGate } of threads.values()) shutExitGate(exitGate, exitWaitMs);
  }

  return {
    send,
    updateKeepAlive,
    refuseBatches: () => Math.max(0, ...[...threads.values()].map(({ acceptGate }) => shutAcceptGate(acceptGate))),
    stop(isFileClosed) {
      isStopped = true;
      hangWatch.stop();
      cancelRestart?.();
      if (isFileClosed && worker !== undefined) threads.delete(worker);
      // It has ended or will; if it hangs, it must not keep the process alive.
      worker?.unref();
      finishIfGone();
    },
  };
}
