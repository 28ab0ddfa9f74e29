import { Worker } from 'node:worker_threads';
import type { TokenProvider } from '../config/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Trouble } from '../core/trouble.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { Logger } from '../telemetry/logger.js';
import { closed, type Acceptance, type CloseReport, type PostOffice, type PostOfficeStats } from './post-office.js';
import type { PostOfficeSettings } from './post-office-settings.js';
import type { FromThread, PostOfficeCall, ThreadData, ToThread } from './thread-messages.js';

export interface ThreadHostOptions {
  readonly settings: PostOfficeSettings;
  readonly authToken: string | TokenProvider;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** The compiled `post-office-thread`. */
  readonly threadFile: string;
  /** Called once, when everything is given back. */
  readonly onClosed: () => void;
}

interface Batch {
  readonly notifications: readonly AcceptedNotification[];
  readonly resolve: (acceptances: readonly Acceptance[]) => void;
}

interface Call {
  readonly name: PostOfficeCall;
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const pingEveryMs = 1_000;
/** Long enough for a disk that stalls, short enough for a backlog in memory. */
const hangAfterMs = 30_000;
/** Beyond the time limit of a close: what the thread needs to stop and to close the file. */
const closeGraceMs = 2_000;
const firstRestartMs = 50;
const maxRestartMs = 5_000;

/**
 * Runs the post office in a thread of its own: this one never touches the disk and never waits. What the thread has not
 * confirmed is kept here; when it dies or hangs it is started again and gets all of that once more, in order. An outbox
 * passes over what it has already, so nothing is stored twice.
 */
export function createThreadHost(options: ThreadHostOptions): PostOffice {
  const { settings, clock, logger, onEvent } = options;
  // Both in the order in which they were asked.
  const batches = new Map<number, Batch>();
  const calls = new Map<number, Call>();
  let count = 0;
  let heardAtMs = clock.monotonicMs();
  let restarts = 0;
  let isClosed = false;
  let lastStats: PostOfficeStats | undefined;
  let closing: Promise<CloseReport> | undefined;
  let worker: Worker | undefined;
  start();
  watchForHang();

  function start(): void {
    try {
      worker = startWorker();
    } catch {
      // No thread to be had, for want of memory say.
      onExit();
    }
  }

  function startWorker(): Worker {
    const data: ThreadData = {
      settings,
      authToken: typeof options.authToken === 'string' ? options.authToken : undefined,
      isDebugEnabled: logger.isLevelEnabled('debug'),
    };
    // No loaders or inspectors of the app's: the file is plain JavaScript.
    const started = new Worker(options.threadFile, { workerData: data, execArgv: [], name: 'crm-post-office' });
    heardAtMs = clock.monotonicMs();
    started.on('message', (message: FromThread) => {
      if (worker === started) onMessage(message);
    });
    // Its end follows; what it says of itself may quote anything.
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) onExit();
    });
    return started;
  }

  function onExit(): void {
    worker = undefined;
    if (isClosed) return;
    const message = 'the thread has ended or hangs; it is started again, and nothing accepted is lost';
    onEvent({ kind: 'outboxError', operation: 'thread', error: { name: 'Error', code: undefined, message } });
    const delayMs = Math.min(firstRestartMs * 2 ** Math.min(restarts, 10), maxRestartMs);
    restarts += 1;
    clock.after(delayMs, restart, { keepAlive: isOwed() });
  }

  function restart(): void {
    if (isClosed) return;
    start();
    for (const [batch, { notifications }] of batches) send({ kind: 'accept', batch, notifications });
    for (const [call, { name, argument }] of calls) send({ kind: 'call', call, name, argument });
    holdProcess();
  }

  function onMessage(message: FromThread): void {
    heardAtMs = clock.monotonicMs();
    switch (message.kind) {
      case 'accepted': {
        restarts = 0;
        const batch = batches.get(message.batch);
        batches.delete(message.batch);
        holdProcess();
        batch?.resolve(message.acceptances);
        return;
      }
      case 'answer':
        takeCall(message.call)?.resolve(message.value);
        return;
      case 'failure':
        takeCall(message.call)?.reject(errorOf(message.trouble));
        return;
      case 'event':
        onEvent(message.event);
        return;
      case 'log':
        logger[message.level](message.fields, message.message);
        return;
      case 'lastStats':
        lastStats = message.stats;
        return;
      case 'askToken':
        void answerToken(message.question);
        return;
      case 'pong':
        return;
    }
  }

  function takeCall(id: number): Call | undefined {
    const call = calls.get(id);
    calls.delete(id);
    holdProcess();
    return call;
  }

  async function answerToken(question: number): Promise<void> {
    let token: string | undefined;
    try {
      const answer: unknown = typeof options.authToken === 'function' ? await options.authToken() : options.authToken;
      // What is wrong with it is found out where it is used.
      token = typeof answer === 'string' ? answer : undefined;
    } catch {
      // What it threw may hold anything.
    }
    send({ kind: 'token', question, token });
  }

  function call(name: PostOfficeCall, argument?: unknown): Promise<unknown> {
    if (isClosed) return Promise.reject(new CRMOutboxError(closed.detail, { retryable: false }));
    return new Promise((resolve, reject) => {
      count += 1;
      calls.set(count, { name, argument, resolve, reject });
      send({ kind: 'call', call: count, name, argument });
      holdProcess();
    });
  }

  function send(message: ToThread): void {
    worker?.postMessage(message);
  }

  function isOwed(): boolean {
    return batches.size + calls.size > 0;
  }

  /** An idle post office keeps no process alive; one that owes an answer does. */
  function holdProcess(): void {
    if (isOwed()) worker?.ref();
    else worker?.unref();
  }

  function watchForHang(): void {
    if (isClosed) return;
    clock.after(pingEveryMs, watchForHang);
    if (worker === undefined) return;
    if (!isOwed()) heardAtMs = clock.monotonicMs();
    else if (clock.monotonicMs() - heardAtMs > hangAfterMs) abandon(worker);
    else send({ kind: 'ping' });
  }

  /**
   * A thread that hangs is left alone and told to close when it can: ending it by force in the middle of a native call may
   * end the process. Should it come to itself, the outbox passes over what it has twice.
   */
  function abandon(hung: Worker): void {
    hung.postMessage({ kind: 'call', call: 0, name: 'close', argument: 1 } satisfies ToThread);
    hung.unref();
    onExit();
  }

  async function close(timeoutMs: number): Promise<CloseReport> {
    try {
      const report = (await within(call('close', timeoutMs), timeoutMs + closeGraceMs, clock, noAnswer)) as CloseReport;
      // Not without an answer: a thread that hangs still has the file.
      options.onClosed();
      return report;
    } finally {
      isClosed = true;
      for (const { resolve, notifications } of batches.values()) resolve(notifications.map(() => closed));
      for (const { reject } of calls.values()) reject(noAnswer());
      batches.clear();
      calls.clear();
      // It has ended or will; should it hang, it must not keep the process alive.
      worker?.unref();
    }
  }

  holdProcess();
  return {
    async ready() {
      await call('ready');
    },
    accept(notifications) {
      if (closing !== undefined) return Promise.resolve(notifications.map(() => closed));
      return new Promise((resolve) => {
        count += 1;
        batches.set(count, { notifications, resolve });
        send({ kind: 'accept', batch: count, notifications });
        holdProcess();
      });
    },
    stats: async () => lastStats ?? ((await call('stats')) as PostOfficeStats),
    flush: async (timeoutMs) => closing ?? ((await call('flush', timeoutMs)) as CloseReport),
    close: (timeoutMs) => (closing ??= close(timeoutMs)),
    listDead: async (query) => (await call('listDead', query)) as Awaited<ReturnType<PostOffice['listDead']>>,
    redeliver: async (id) => (await call('redeliver', id)) as number,
    discard: async (id) => (await call('discard', id)) as boolean,
  };
}

function noAnswer(): CRMOutboxError {
  return new CRMOutboxError('the thread of the post office does not answer');
}

function errorOf({ message, issues }: Trouble): Error {
  return issues === undefined ? new CRMOutboxError(message) : new CRMConfigError(issues);
}
