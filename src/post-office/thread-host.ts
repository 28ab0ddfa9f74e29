import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Trouble } from '../core/trouble.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { Logger } from '../telemetry/logger.js';
import {
  closed,
  taken,
  type Acceptance,
  type CloseReport,
  type PostOffice,
  type PostOfficeStats,
} from './post-office.js';
import type { PostOfficeSettings } from './post-office-settings.js';
import { createThreadKeeper } from './thread-keeper.js';
import type { FromThread, PostOfficeCall } from './thread-messages.js';

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

/** Beyond the time limit of a close: what the thread needs to stop and to close the file. */
const closeGraceMs = 2_000;

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
  let isClosed = false;
  let lastStats: PostOfficeStats | undefined;
  let closing: Promise<CloseReport> | undefined;

  const keeper = createThreadKeeper({
    threadFile: options.threadFile,
    data: {
      settings,
      authToken: typeof options.authToken === 'string' ? options.authToken : undefined,
      isDebugEnabled: logger.isLevelEnabled('debug'),
    },
    clock,
    onMessage,
    onTrouble() {
      const message = 'the thread has ended or hangs; it is started again, and nothing accepted is lost';
      onEvent({ kind: 'threadRestarted', message });
    },
    onRestart() {
      for (const [batch, { notifications }] of batches) keeper.send({ kind: 'accept', batch, notifications });
      for (const [call, { name, argument }] of calls) keeper.send({ kind: 'call', call, name, argument });
    },
    isOwed: () => batches.size + calls.size > 0,
    onGone: options.onClosed,
  });

  function onMessage(message: FromThread): void {
    switch (message.kind) {
      case 'accepted': {
        const batch = batches.get(message.batch);
        batches.delete(message.batch);
        keeper.holdProcess();
        batch?.resolve(message.acceptances ?? batch.notifications.map(() => taken));
        return;
      }
      case 'answer':
        takeCall(message.call, true)?.resolve(message.value);
        return;
      case 'failure':
        takeCall(message.call, false)?.reject(errorOf(message.trouble));
        return;
      case 'events':
        for (const event of message.events) onEvent(event);
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

  function takeCall(id: number, hasSucceeded: boolean): Call | undefined {
    const call = calls.get(id);
    calls.delete(id);
    // Its end follows, and when this thread is busy both are met at once: before the answer's promise has told anybody.
    if (call?.name === 'close') keeper.stop(hasSucceeded);
    else keeper.holdProcess();
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
    keeper.send({ kind: 'token', question, token });
  }

  function call(name: PostOfficeCall, argument?: unknown): Promise<unknown> {
    if (isClosed) return Promise.reject(refusal());
    return new Promise((resolve, reject) => {
      count += 1;
      calls.set(count, { name, argument, resolve, reject });
      keeper.send({ kind: 'call', call: count, name, argument });
      keeper.holdProcess();
    });
  }

  async function close(timeoutMs: number): Promise<CloseReport> {
    let isFileClosed = false;
    try {
      const report = (await within(call('close', timeoutMs), timeoutMs + closeGraceMs, clock, noAnswer)) as CloseReport;
      isFileClosed = true;
      return report;
    } finally {
      isClosed = true;
      for (const { resolve, notifications } of batches.values()) resolve(notifications.map(() => closed));
      for (const { name, resolve, reject } of calls.values()) {
        if (name === 'stats' && lastStats !== undefined) resolve(lastStats);
        else reject(noAnswer());
      }
      batches.clear();
      calls.clear();
      keeper.stop(isFileClosed);
    }
  }

  function whileOpen(name: PostOfficeCall, argument?: unknown): Promise<unknown> {
    return closing === undefined ? call(name, argument) : Promise.reject(refusal());
  }

  return {
    async ready() {
      await whileOpen('ready');
    },
    accept(notifications) {
      if (closing !== undefined) return Promise.resolve(notifications.map(() => closed));
      return new Promise((resolve) => {
        count += 1;
        batches.set(count, { notifications, resolve });
        keeper.send({ kind: 'accept', batch: count, notifications });
        keeper.holdProcess();
      });
    },
    stats: async () => lastStats ?? ((await call('stats')) as PostOfficeStats),
    flush: async (timeoutMs) => closing ?? ((await call('flush', timeoutMs)) as CloseReport),
    close: (timeoutMs) => (closing ??= close(timeoutMs)),
    listDead: async (query) => (await whileOpen('listDead', query)) as Awaited<ReturnType<PostOffice['listDead']>>,
    redeliver: async (id) => (await whileOpen('redeliver', id)) as number,
    discard: async (id) => (await whileOpen('discard', id)) as boolean,
  };
}

function refusal(): CRMOutboxError {
  return new CRMOutboxError(closed.detail, { retryable: false });
}

function noAnswer(): CRMOutboxError {
  return new CRMOutboxError('the thread of the post office does not answer');
}

function errorOf({ message, issues }: Trouble): Error {
  return issues === undefined ? new CRMOutboxError(message) : new CRMConfigError(issues);
}
