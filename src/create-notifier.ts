import { notificationRequest, type NotificationRequest } from './client/notification-request.js';
import { createService, type CRMNotificationService } from './client/crm-notification-service.js';
import { resolveNotifierConfig } from './config/resolve-config.js';
import type { NotifierOptions } from './config/settings.js';
import { CRMConfigError, CRMValidationError } from './core/errors.js';
import { shownUrl } from './core/shown-url.js';
import { doneOrTimedOut, timeLimitOf } from './core/time-limit.js';
import type { DeliveryEvent } from './delivery/delivery-event.js';
import { crmFormat } from './format/crm-format.js';
import { writeByDefinition } from './format/write-by-definition.js';
import { pausedText } from './history/try-unless-paused.js';
import { createCrmMiddleware } from './middleware/crm-middleware.js';
import { buildBooking, buildEvent, buildNotification } from './notification/build-draft.js';
import { checkFrom, checkId, checkTarget, clampLimit } from './notifier/check-arguments.js';
import { checkFilter, filterChecks } from './notifier/check-filter.js';
import { createEventHub } from './notifier/notifier-event.js';
import { createIntake } from './notifier/intake.js';
import type { Notifier, TimeLimit } from './notifier/notifier.js';
import { notifyIn } from './notifier/notify-in.js';
import { pauseChangeOf } from './notifier/pause-change.js';
import { createPreparation } from './notifier/prepare-notification.js';
import { createRequestNotifier } from './notifier/request-notifier.js';
import { createTransactionIntake, type TransactionWriting } from './notifier/transaction-intake.js';
import { logEvent } from './observe/log-event.js';
import { loadOpenTelemetry } from './observe/open-telemetry.js';
import { logStart } from './observe/start-line.js';
import type { OutboxConfig } from './outbox/outbox-settings.js';
import { insertStatement } from './outbox/postgres/insert-statement.js';
import { crmTarget, type StoredNotification } from './outbox/outbox.js';
import { placeOf } from './outbox/postgres/postgres-outbox.js';
import { openPostOffice } from './post-office/open-post-office.js';
import type { CloseReport } from './post-office/post-office.js';
import { createSafeLogger } from './telemetry/logger.js';

const defaultTimeLimitMs = 5_000;

/**
 * Makes the notifier that an app shares, and starts delivering what an earlier process left in the outbox.
 *
 * Throws `CRMConfigError`, with every problem at once, for invalid options or variables and for an outbox directory that
 * cannot be used.
 *
 * @example
 * const crm = createNotifier({ baseUrl: 'https://crm.example.com' });
 * app.use(crm.middleware());
 */
export function createNotifier(options?: NotifierOptions): Notifier {
  const config = resolveNotifierConfig(options);
  const { targets, outbox, clock } = config;
  let observerFailures = 0;
  const onObserverFailure = (): void => {
    observerFailures += 1;
  };
  const logger = createSafeLogger(config.logger, onObserverFailure);
  const events = createEventHub(onObserverFailure);
  const urls = new Map(
    targets.map(({ name, baseUrl, format }) => [name, shownUrl(`${baseUrl}${format?.path ?? crmFormat.notifyPath}`)]),
  );
  const tokenHosts = new Map(
    targets.flatMap(({ name, auth }) => (auth?.kind === 'oauth2' ? [[name, new URL(auth.tokenUrl).host]] : [])),
  );
  const places = { urls, tokenHosts, isOnDisk: outbox.path !== ':memory:' };
  const openTelemetry = loadOpenTelemetry(urls, onObserverFailure);
  let service: CRMNotificationService | undefined;

  const onEvent = (event: DeliveryEvent): void => {
    logEvent(logger, event, places);
    if (!events.has(event.kind)) return;
    const { kind, ...details } = event;
    events.emit(kind, details);
  };

  const onStart = (): void => {
    const { path } = outbox;
    const place = typeof path === 'string' ? path : { server: placeOf(path) };
    logStart(logger, { outbox: place, urls, guarantee: config.hooks.guarantee, isApart: config.isApart });
    for (const warning of config.warnings) logger.warn({}, warning);
  };
  const postOffice = openPostOffice({ targets, outbox, clock, logger, onStart, onEvent });
  const targetNames = targets.map(({ name }) => name);
  const { maxBodyBytes, holdMs } = config.intake;
  const written = targets.map(({ name, format }) => ({
    name,
    format: format === undefined ? crmFormat : { build: writeByDefinition(format) },
  }));
  const prepare = createPreparation({ clock, targets: written, maxBodyBytes, startSpan: openTelemetry.startSpan });
  const tally = { accepted: 0, rejected: 0, unsaved: 0 };
  const intake = createIntake({
    postOffice,
    events,
    logger,
    clock,
    prepare,
    tally,
    onLoggerFailure: onObserverFailure,
    ...config.intake,
  });
  const writing = transactionWriting(outbox.path);
  const transactions = createTransactionIntake({ writing, prepare, postOffice, clock, events, tally, holdMs });
  const access = { intake, transactions, clock, events, logger, ...config.hooks };
  let closing: Promise<CloseReport> | undefined;

  /** Waits for open receipts before `report`, so that what was begun before the call counts; one time limit covers both. */
  const settleAndReport = async (
    timeoutMs: number,
    report: (leftMs: number) => Promise<CloseReport>,
  ): Promise<CloseReport> => {
    const startedAtMs = clock.monotonicMs();
    const before = postOffice.lastKnown();
    await doneOrTimedOut(intake.settled(), timeoutMs, clock);
    try {
      return await report(Math.max(1, timeoutMs - (clock.monotonicMs() - startedAtMs)));
    } catch {
      // The post office could not report, or its outbox never opened, which has been logged.
      const { delivered, pending, dead } = postOffice.lastKnown();
      return { delivered: delivered - before.delivered, pending, dead: dead - before.dead };
    }
  };

  const close = async (timeoutMs: number): Promise<CloseReport> => {
    intake.close();
    const report = await settleAndReport(timeoutMs, (leftMs) => postOffice.close(leftMs));
    await service?.close();
    stopReporting();
    return report;
  };

  /** Made when it is first used: few apps use it, and its HTTP client is most of what a notifier in a thread would load. */
  const directClient = (): CRMNotificationService => {
    if (service === undefined) {
      const direct = targets.filter(({ format }) => format === undefined);
      const target = direct.find(({ name }) => name === crmTarget) ?? direct[0];
      if (target === undefined) throw new CRMConfigError([{ path: 'targets', message: noDirectTarget }]);
      service = createService({ target, logger });
      if (closing !== undefined) void service.close();
    }
    return service;
  };

  const requestsFor = (stored: readonly StoredNotification[]): readonly NotificationRequest[] =>
    stored.flatMap(({ state, target: name, id, body, traceparent, attempts }) => {
      const target = targets.find((one) => one.name === name);
      // The attempts of a dead letter start anew once it is redelivered.
      const post = { id, body, traceparent, attempt: state === 'dead' ? 1 : attempts + 1 };
      return target === undefined ? [] : [notificationRequest(target, post)];
    });

  const notifier: Notifier = {
    notify: (input) => intake.accept(() => buildNotification(input), {}),
    notifyBooking: (input) => intake.accept(() => buildBooking(input), {}),
    notifyEvent: (input) => intake.accept(() => buildEvent(input), {}),
    in: (transaction) => notifyIn((build) => transactions.writeUnbound(transaction, build)),
    middleware: (middlewareOptions) =>
      createCrmMiddleware({
        bind: (req) => createRequestNotifier(notifier, access, req),
        isUnableToStore: () => intake.isUnableToStore,
        options: middlewareOptions,
      }),
    ready: () => postOffice.ready(),
    processes: () => postOffice.processes(),
    minutes: async (from) => postOffice.minutes(checkFrom('crm.minutes', from)),
    countsByType: async (from) => postOffice.countsByType(checkFrom('crm.countsByType', from)),
    changes: async (from) => postOffice.changes(checkFrom('crm.changes', from)),
    pause: async (options = {}) => postOffice.changePause(pauseChangeOf('pause', options, targetNames)),
    resume: async (options = {}) => postOffice.changePause(pauseChangeOf('resume', options, targetNames)),
    find: async (id) => postOffice.find(checkId('crm.find', id)),
    timeline: async (id) => postOffice.timeline(checkId('crm.timeline', id)),
    tryNow: async (id, target) => {
      const { tried, paused } = await postOffice.tryNow(idAndTarget('crm.tryNow', id, target));
      if (tried.length > 0 || paused.length === 0) return tried.length;
      const issues = paused.map((one) => ({ path: '', message: pausedText(one) }));
      throw new CRMValidationError(issues, { hook: 'crm.tryNow()' });
    },
    requests: async (id) => requestsFor(await postOffice.find(checkId('crm.requests', id))),
    delivered: {
      count: async (filter = {}) =>
        postOffice.countDelivered(checkFilter('crm.delivered.count', filter, filterChecks.delivered)),
      async list(given = {}) {
        const { limit = 100, ...query } = checkFilter('crm.delivered.list', given, filterChecks.deliveredList);
        return postOffice.listDelivered({ ...query, limit: clampLimit(limit) });
      },
    },
    stats: async () => ({ ...(await postOffice.stats()), ...intake.counts, observerFailures }),
    flush: (limit) => settleAndReport(timeLimitFrom(limit), (leftMs) => postOffice.flush(leftMs)),
    close: (limit) => (closing ??= close(timeLimitFrom(limit))),
    async [Symbol.asyncDispose]() {
      await notifier.close();
    },
    pending: {
      async list(given = {}) {
        const { limit = 100, ...query } = checkFilter('crm.pending.list', given, filterChecks.pendingList);
        return postOffice.listPending({ ...query, limit: clampLimit(limit) });
      },
      count: async (filter = {}) =>
        postOffice.countPending(checkFilter('crm.pending.count', filter, filterChecks.pending)),
    },
    deadLetters: {
      async list(given = {}) {
        const { limit = 100, ...query } = checkFilter('crm.deadLetters.list', given, filterChecks.deadList);
        return postOffice.listDead({ ...query, limit: clampLimit(limit) });
      },
      summary: async (filter = {}) =>
        postOffice.summariseDead(checkFilter('crm.deadLetters.summary', filter, filterChecks.dead)),
      redeliver: async (id, target, by) =>
        postOffice.redeliver({ ...idAndTarget('crm.deadLetters.redeliver', id, target), by }),
      redeliverAll: async (filter = {}, by) =>
        postOffice.redeliverAll({ ...checkFilter('crm.deadLetters.redeliverAll', filter, filterChecks.dead), by }),
      discard: async (id, target, by) =>
        postOffice.discard({ ...idAndTarget('crm.deadLetters.discard', id, target), by }),
      discardAll: async (filter = {}, by) =>
        postOffice.discardAll({ ...checkFilter('crm.deadLetters.discardAll', filter, filterChecks.dead), by }),
    },
    on: (name, listener) => events.on(name, listener),
    get service() {
      return directClient();
    },
  };
  const stopReporting = openTelemetry.report(notifier);
  return notifier;
}

function idAndTarget(
  call: string,
  id: unknown,
  target: unknown,
): { readonly id: string; readonly target: string | undefined } {
  return { id: checkId(call, id), target: checkTarget(call, target) };
}

/** `flush` and `close` never reject: whatever is no limit is the usual one. */
function timeLimitFrom(limit: TimeLimit | undefined | null): number {
  let given: unknown;
  try {
    given = limit?.timeoutMs;
  } catch {
    // A getter of the caller's.
  }
  return timeLimitOf(given, defaultTimeLimitMs);
}

const noDirectTarget =
  'are all of other formats; the direct client only writes this package’s own (docs/wire-format.md)';

/** How an outbox takes what is written in a transaction of the app. */
function transactionWriting(outbox: OutboxConfig['path']): TransactionWriting {
  if (typeof outbox === 'string') return { kind: outbox === ':memory:' ? 'memory' : 'none' };
  return { kind: 'statement', statementFor: (notification) => insertStatement(outbox.table, notification) };
}
