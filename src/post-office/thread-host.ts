import { setImmediate } from 'node:timers';
import type { Clock } from '../core/clock.js';
import { CRMConfigError, CRMOutboxError, type ErrorData } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { ChangedLetters } from '../history/record-changes.js';
import type { DeadLetter } from '../outbox/outbox.js';
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
import type { WholeTarget } from './start-deliveries.js';
import { createThreadKeeper } from './thread-keeper.js';
import type { FromThread, PostOfficeCall } from './thread-messages.js';
import { fixedTokens, tokenOf } from './thread-tokens.js';

export interface ThreadHostOptions {
  readonly settings: PostOfficeSettings;
  readonly targets: readonly Pick<WholeTarget, 'name' | 'authToken' | 'functions'>[];
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** The compiled `post-office-thread`. */
  readonly threadFile: string;
  /** No thread could be started, and why; the post office runs in the app's thread instead. Called at most once. */
  readonly onThreadless: (error: unknown) => void;
  /** Called once, when everything is released. */
  readonly onClosed: () => void;
}

/** Extra time after the limit of a flush or a close, for the thread to stop and to close the file. */
const graceMs = 2_000;

/** After this many with no batch confirmed in between, or one hang, the thread no longer counts as starting. */
const maxTroubles = 3;

/**
 * Runs the post office in a thread of its own: the app's thread never uses the disk and never blocks. What the thread has not
 * confirmed is kept here; if the thread ends or hangs, another is started and sent all of that again, in order. An outbox
 * skips what it already has, so nothing is stored twice.
 */
export function createThreadHost(options: ThreadHostOptions): PostOffice {
  const { settings, targets, clock, logger, onEvent } = options;
  const owed = createOwedAnswers((message) => {
    keeper.send(message);
    keeper.updateKeepAlive();
  });
  const tally = createRunningTally();
  let isClosed = false;
  /** Undefined while nobody has asked to look. */
  let written: Parameters<PostOffice['lookSoon']>[0] | undefined;
  let hasOpened = false;
  /** Since a batch was last confirmed. */
  let troubles = 0;
  let lastStats: PostOfficeStats | undefined;
  let closing: Promise<CloseReport> | undefined;

  const keeper = createThreadKeeper({
    threadFile: options.threadFile,
    data: {
      settings,
      authTokens: fixedTokens(targets),
      isDebugEnabled: logger.isLevelEnabled('debug'),
    },
    functionsOf: ({ name }) => targets.find((target) => target.name === name)?.functions,
    clock,
    onMessage,
    onTrouble(isHang) {
      hasOpened = false;
      troubles += isHang ? maxTroubles : 1;
      const message = 'the thread has ended or hangs; it is started again, and nothing accepted is lost';
      onEvent({ kind: 'threadRestarted', message });
    },
    onThreadless: options.onThreadless,
    onRestart: () => {
      owed.sendAgain();
    },
    isAwaited: () => owed.isAny(),
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
        keeper.updateKeepAlive();
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
        void sendToken(message.question, message.target);
        return;
      case 'pong':
        return;
    }
  }

  function takeCall(number: number, hasSucceeded: boolean): ReturnType<typeof owed.takeCall> {
    const call = owed.takeCall(number);
    // The thread ends next. If this thread is busy, it handles result and end together, before the call's promise resolves.
    if (call?.name === 'close') keeper.stop(hasSucceeded);
    else keeper.updateKeepAlive();
    return call;
  }

  async function sendToken(question: number, target: string): Promise<void> {
    keeper.send({ kind: 'token', question, token: await tokenOf(targets, target) });
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
        else reject(unresponsive());
      });
      keeper.stop(isFileClosed);
    }
  }

  async function reportWithin(name: 'flush' | 'close', timeoutMs: number): Promise<CloseReport> {
    const report = (await within(call(name, timeoutMs), timeoutMs + graceMs, clock, unresponsive)) as CloseReport;
    tally.onPending(report.pending);
    return report;
  }

  /** Those of one turn are one message. */
  function askToLookSoon(more: Parameters<PostOffice['lookSoon']>[0]): void {
    if (written === undefined) {
      setImmediate(() => {
        keeper.send({ kind: 'lookSoon', written: written ?? [] });
        written = undefined;
      });
    }
    written = [...(written ?? []), ...more];
  }

  async function whileOpen<Result>(name: PostOfficeCall, argument?: unknown): Promise<Result> {
    if (closing !== undefined) throw refusal();
    return (await call(name, argument)) as Result;
  }

  /** The call may be repeated in another thread; what has died by then is not meant. */
  async function upToNow(which: ChangedLetters): Promise<ChangedLetters> {
    const [newest] = await whileOpen<readonly DeadLetter[]>('listDead', { limit: 1 });
    return { upTo: newest?.position ?? 0, ...which };
  }

  async function redeliver(name: 'redeliver' | 'redeliverAll', argument: unknown): Promise<number> {
    const redelivered = await whileOpen<number>(name, argument);
    tally.onRedelivered(redelivered);
    return redelivered;
  }

  return {
    ready: () => whileOpen('ready'),
    accept: (notifications) =>
      closing === undefined ? owed.accept(notifications) : Promise.resolve(notifications.map(() => closed)),
    lookSoon: askToLookSoon,
    processes: () => whileOpen('processes'),
    minutes: (from) => whileOpen('minutes', from),
    countsByType: (from) => whileOpen('countsByType', from),
    changes: (from) => whileOpen('changes', from),
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
    listPending: (query) => whileOpen('listPending', query),
    countPending: (filter) => whileOpen('countPending', filter),
    listDead: (query) => whileOpen('listDead', query),
    summariseDead: (filter) => whileOpen('summariseDead', filter),
    find: (id) => whileOpen('find', id),
    timeline: (id) => whileOpen('timeline', id),
    countDelivered: (filter) => whileOpen('countDelivered', filter),
    listDelivered: (query) => whileOpen('listDelivered', query),
    tryNow: (which) => whileOpen('tryNow', which),
    redeliver: (which) => redeliver('redeliver', which),
    redeliverAll: async (which) => redeliver('redeliverAll', await upToNow(which)),
    discard: (which) => whileOpen('discard', which),
    discardAll: async (which) => whileOpen('discardAll', await upToNow(which)),
    changePause: (change) => whileOpen('changePause', change),
  };
}

function refusal(): CRMOutboxError {
  return new CRMOutboxError(closed.detail, { retryable: false });
}

function unresponsive(): CRMOutboxError {
  return new CRMOutboxError('the thread of the post office does not respond');
}

function errorOf({ message, issues }: ErrorData): Error {
  return issues === undefined ? new CRMOutboxError(message) : new CRMConfigError(issues);
}
