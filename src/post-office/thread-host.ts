import type { TokenProvider } from '../client/token.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError, type ErrorData } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Logger } from '../telemetry/logger.js';
import { createOwedAnswers } from './owed-answers.js';
import {
  closed,
  type CloseReport,
  type PostOffice,
  type PostOfficeSettings,
  type PostOfficeStats,
  taken,
} from './post-office.js';
import { createRunningTally } from './delivery-tally.js';
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

/** Beyond the time limit of a flush or a close: what the thread needs to stop and to close the file. */
const graceMs = 2_000;

/** After so many without an answer to a batch in between, or one hang, a thread is not merely starting. */
const maxTroubles = 3;

/**
 * Runs the post office in a thread of its own: this one never touches the disk and never waits. What the thread has not
 * confirmed is kept here; when it dies or hangs it is started again and gets all of that once more, in order. An outbox
 * passes over what it has already, so nothing is stored twice.
 */
export function createThreadHost(options: ThreadHostOptions): PostOffice {
  const { settings, clock, logger, onEvent } = options;
  const owed = createOwedAnswers((message) => {
    keeper.send(message);
    keeper.holdProcess();
  });
  const tally = createRunningTally();
  let isClosed = false;
  let hasOpened = false;
  /** Since a batch was last answered. */
  let troubles = 0;
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
    onTrouble(isHang) {
      hasOpened = false;
      troubles += isHang ? maxTroubles : 1;
      const message = 'the thread has ended or hangs; it is started again, and nothing accepted is lost';
      onEvent({ kind: 'threadRestarted', message });
    },
    onRestart: () => {
      owed.tellAgain();
    },
    isOwed: () => owed.isAny(),
    onGone: options.onClosed,
  });

  function onMessage(message: FromThread): void {
    switch (message.kind) {
      case 'opened':
        hasOpened = true;
        tally.onPending(message.pending);
        return;
      case 'accepted': {
        const batch = owed.takeBatch(message.batch);
        troubles = 0;
        tally.onAccepted(batch?.notifications.length ?? 0, message.acceptances);
        keeper.holdProcess();
        batch?.resolve(message.acceptances ?? batch.notifications.map(() => taken));
        return;
      }
      case 'answer':
        takeCall(message.call, true)?.resolve(message.value);
        return;
      case 'failure':
        takeCall(message.call, false)?.reject(errorOf(message.error));
        return;
      case 'events':
        for (const event of message.events) {
          tally.onEvent(event);
          onEvent(event);
        }
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

  function takeCall(number: number, hasSucceeded: boolean): ReturnType<typeof owed.takeCall> {
    const call = owed.takeCall(number);
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
    return isClosed ? Promise.reject(refusal()) : owed.call(name, argument);
  }

  async function close(timeoutMs: number): Promise<CloseReport> {
    let isFileClosed = false;
    try {
      const report = await reportWithin('close', timeoutMs);
      isFileClosed = true;
      return report;
    } finally {
      isClosed = true;
      owed.endAll(keeper.refuseBatches(), ({ name, resolve, reject }) => {
        if (name === 'stats' && lastStats !== undefined) resolve(lastStats);
        else reject(noAnswer());
      });
      keeper.stop(isFileClosed);
    }
  }

  async function reportWithin(name: 'flush' | 'close', timeoutMs: number): Promise<CloseReport> {
    const report = (await within(call(name, timeoutMs), timeoutMs + graceMs, clock, noAnswer)) as CloseReport;
    tally.onPending(report.pending);
    return report;
  }

  function whileOpen(name: PostOfficeCall, argument?: unknown): Promise<unknown> {
    return closing === undefined ? call(name, argument) : Promise.reject(refusal());
  }

  async function redeliver(name: 'redeliver' | 'redeliverAll', argument: unknown): Promise<number> {
    const redelivered = (await whileOpen(name, argument)) as number;
    tally.onRedelivered(redelivered);
    return redelivered;
  }

  return {
    async ready() {
      await whileOpen('ready');
    },
    accept: (notifications) =>
      closing === undefined ? owed.askToAccept(notifications) : Promise.resolve(notifications.map(() => closed)),
    async stats() {
      if (lastStats !== undefined) return lastStats;
      const stats = (await call('stats')) as PostOfficeStats;
      tally.onPending(stats.pending);
      return stats;
    },
    isStarting: () => !isClosed && !hasOpened && troubles < maxTroubles,
    lastKnown: () => ({ ...tally.counts, pending: tally.counts.pending + owed.countUnconfirmed() }),
    flush: async (timeoutMs) => closing ?? reportWithin('flush', timeoutMs),
    close: (timeoutMs) => (closing ??= close(timeoutMs)),
    listDead: async (query) => (await whileOpen('listDead', query)) as Awaited<ReturnType<PostOffice['listDead']>>,
    redeliver: (id) => redeliver('redeliver', id),
    redeliverAll: (filter) => redeliver('redeliverAll', filter),
    discard: async (id) => (await whileOpen('discard', id)) as number,
    discardAll: async (filter) => (await whileOpen('discardAll', filter)) as number,
  };
}

function refusal(): CRMOutboxError {
  return new CRMOutboxError(closed.detail, { retryable: false });
}

function noAnswer(): CRMOutboxError {
  return new CRMOutboxError('the thread of the post office does not respond');
}

function errorOf({ message, issues }: ErrorData): Error {
  return issues === undefined ? new CRMOutboxError(message) : new CRMConfigError(issues);
}
