import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import { afterAwake } from '../core/time-limit.js';
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
  readonly data: Omit<ThreadData, keyof Gates>;
  readonly clock: Clock;
  readonly onMessage: (message: FromThread) => void;
  /** The thread has ended or, `isHang`, hangs; another will be started. */
  readonly onTrouble: (isHang: boolean) => void;
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

/** Keeps a post office's thread running: starts another when it ends or hangs. */
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
  const { threadFile, data, clock, onMessage, onTrouble, onRestart, isAwaited, onGone } = options;
  // Those that may have the outbox's file open.
  const threads = new Map<Worker, Gates>();
  let worker: Worker | undefined;
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
      worker = startWorker();
    } catch {
      // No thread could be started, for lack of memory perhaps.
      onEnd(false);
    }
  }

  function startWorker(): Worker {
    // Without the app's loaders and inspectors: the file is plain JavaScript.
    const gates = { exitGate: createExitGate(), acceptGate: createAcceptGate() };
    const workerData: ThreadData = { ...data, ...gates };
    const started = new Worker(threadFile, { workerData, execArgv: [], name: 'crm-post-office', resourceLimits });
    threads.set(started, gates);
    hangWatch.onSign();
    started.on('message', (message: FromThread) => {
      if (worker !== started) return;
      hangWatch.onSign();
      if (message.kind === 'accepted') restarts = 0;
      onMessage(message);
    });
    // `exit` follows. The error is not logged, because it may quote anything.
    started.on('error', () => undefined);
    started.on('exit', () => {
      threads.delete(started);
      if (worker === started) onEnd(false);
      finishIfGone();
    });
    return started;
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

interface HangWatchOptions {
  readonly clock: Clock;
  /** Whether anything waits for the thread. */
  readonly isAwaited: () => boolean;
  /** Asks the thread for a sign of life. Returns false when there is no thread. */
  readonly ping: () => boolean;
  readonly onHang: () => void;
}

/** Detects that a thread hangs: something waits for it, and it has sent nothing for half a minute. */
interface HangWatch {
  /** The thread has sent something, or another one was started. */
  onSign(): void;
  stop(): void;
}

const pingEveryMs = 1_000;
/** Longer than a disk stalls, and short enough to keep the backlog in memory. */
const hangAfterPings = 30;

function watchForHang({ clock, isAwaited, ping, onHang }: HangWatchOptions): HangWatch {
  /** Counted only while this process is awake: if it was stopped, or the computer slept, nothing hangs. */
  let unansweredPings = 0;
  let isStopped = false;

  function check(): void {
    if (isStopped) return;
    // While nothing waits, waking up once a second is enough.
    if (isAwaited()) afterAwake(clock, pingEveryMs, check);
    else clock.after(pingEveryMs, check);
    if (!isAwaited()) unansweredPings = 0;
    else if (unansweredPings >= hangAfterPings) onHang();
    else if (ping()) unansweredPings += 1;
  }

  check();
  return {
    onSign() {
      unansweredPings = 0;
    },
    stop() {
      isStopped = true;
    },
  };
}
