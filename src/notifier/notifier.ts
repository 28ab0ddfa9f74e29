import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NotificationRequest } from '../client/notification-request.js';
import type { CRMNotificationService } from '../client/crm-notification-service.js';
import type { StoredNotification } from '../outbox/outbox.js';
import type { Changes, MinuteCounts, OutboxProcess, Timeline, TypeCounts } from '../history/history.js';
import type { CloseReport, PostOfficeStats } from '../post-office/post-office.js';
import type { IntakeCounts } from './intake.js';
import type { DeadLetters, Delivered, PendingNotifications } from './notification-lists.js';
import type { NotifierEventName, NotifierListener } from './notifier-event.js';
import type { Notify } from './notify.js';

/** Express middleware, typed by what it needs, so that it fits Express 4 and Express 5 alike. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

export interface MiddlewareOptions {
  /**
   * Whether to respond `503` with `Retry-After: 1`, before the route runs, while a notification could not be stored: the
   * outbox is silent, or has just been full. `true` does so for every method that may change something: all but GET, HEAD,
   * OPTIONS and TRACE (RFC 9110 section 9.2.1). A function decides for each request; it may return a promise, which the
   * request waits for. If it throws or rejects, the route runs.
   * @default false: the route runs, and its notification is kept in memory or rejected
   * @example app.use(crm.middleware({ pushBack: (req) => req.method === 'POST' }));
   */
  readonly pushBack?: boolean | ((req: IncomingMessage) => boolean | PromiseLike<boolean>) | undefined;
}

export type { NotificationRequest };

/** The shared notifier: one for an app, made by `createNotifier`. */
export interface Notifier extends Notify {
  /**
   * Puts `res.locals.crm` on every request; mount it before the routes. Throws `CRMConfigError` for invalid options.
   * @example app.use(crm.middleware());
   */
  middleware(options?: MiddlewareOptions): Middleware;
  /**
   * Resolves once the outbox is open, so that an app can refuse to start without it; rejects with `CRMConfigError`,
   * and after `close()` with `CRMOutboxError`. You need not wait for it: notifications made earlier wait for the outbox.
   */
  ready(): Promise<void>;
  /** Counters since the start, and what is in the outbox now. */
  stats(): Promise<Stats>;
  /**
   * Resolves when nothing is due any more, including what was accepted meanwhile, or at the time limit (5 s by default).
   * A notification that waits for its next attempt is not due. Never rejects.
   */
  flush(options?: TimeLimit): Promise<CloseReport>;
  /**
   * Flushes, then stops: nothing is accepted any more, and pending notifications stay in the outbox for the next start.
   * A second call returns the first call's report. Never rejects.
   *
   * @example
   * process.once('SIGTERM', () => server.close(() => void crm.close({ timeoutMs: 10_000 })));
   */
  close(options?: TimeLimit): Promise<CloseReport>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  readonly pending: PendingNotifications;
  readonly deadLetters: DeadLetters;
  /**
   * The processes that share the outbox, which of them delivers and how that goes, in the order of their start. Each reports every
   * few seconds. Undefined where this process may not know, because its role may only `INSERT`.
   */
  processes(): Promise<readonly OutboxProcess[] | undefined>;
  /**
   * What all processes that share the outbox have done since an instant, minute by minute and target by target, oldest first and
   * without minutes in which nothing happened. Kept for a week; of a process that was killed, the last second may be missing.
   * Undefined where `processes` is. Rejects with `CRMValidationError` for what is no instant, as the next two do.
   *
   * @param from milliseconds since 1970
   * @example const lastHour = await crm.minutes(Date.now() - 3_600_000);
   */
  minutes(from: number): Promise<readonly MinuteCounts[] | undefined>;
  /**
   * The same for each type of notification and target, added up since an instant: the most accepted first. It is rounded down to a
   * minute for the last two hours, to a quarter of an hour for the last two days, and to an hour for the week. A target's types that
   * are more than 100 in one of these steps are counted together, as `(further types)`. Undefined where `processes` is.
   *
   * @param from milliseconds since 1970
   * @example const [mostAccepted] = (await crm.countsByType(Date.now() - 86_400_000)) ?? [];
   */
  countsByType(from: number): Promise<readonly TypeCounts[] | undefined>;
  /**
   * How many dead letters people have redelivered and discarded since an instant, at most a week ago, and the latest of these changes
   * and of those that paused or resumed delivery, with who asked for each. Undefined where `processes` is.
   *
   * @param from milliseconds since 1970
   * @example const changes = await crm.changes(Date.now() - 86_400_000); // changes?.discarded
   */
  changes(from: number): Promise<Changes | undefined>;
  /**
   * Pauses delivery to a target, or to all. Notifications are accepted as before, and wait; attempts under way end. It outlives
   * restarts and holds for all processes that share the outbox. Nothing expires of it, and `flush` and `close` do not wait for what
   * is paused. Resolves to how many targets it has paused; who paused first stays named.
   *
   * Rejects with `CRMValidationError` for a target that is not configured or an option that it does not know, and with `CRMOutboxError` if it could not be stored.
   * @example await crm.pause({ target: 'sales', by: 'ada' });
   */
  pause(options?: PauseOptions): Promise<number>;
  /**
   * Resumes delivery to a target, or to all. Resolves to how many targets it has resumed. Rejects as `pause` does.
   * @example await crm.resume({ by: 'ada' });
   */
  resume(options?: PauseOptions): Promise<number>;
  /**
   * What the outbox holds of a notification, pending or dead, for each of its targets; empty once it is delivered or discarded. The
   * body is personal data.
   * @example const [stored] = await crm.find(receipt.id);
   */
  find(id: string): Promise<readonly StoredNotification[]>;
  /**
   * What is known of a notification, for each of its targets: the attempts that failed, whether and when it was delivered or died,
   * who has redelivered or discarded it, when the next attempt follows and what waits in its lane before and after it. Failures are
   * kept for a week, deliveries as `keepDelivered` says; without the body.
   * @example const { targets } = await crm.timeline(receipt.id);
   */
  timeline(id: string): Promise<Timeline>;
  readonly delivered: Delivered;
  /**
   * Tries a notification at once that waits for its next attempt or for its target, if it is the first of its lane; also as the probe of a
   * paused target. Resolves to for how many targets: 0 if it waits for another, or is not pending. Where another process delivers, it
   * follows within a second. Rejects with `CRMValidationError` where nothing is tried because somebody has paused its target.
   * @example await crm.tryNow(receipt.id);
   */
  tryNow(id: string, target?: string): Promise<number>;
  /**
   * How a notification that is pending or dead is posted to each of its targets, if it is posted alone: with `$CRM_AUTH_TOKEN` in the place
   * of the credentials, and without a signature. The body is personal data.
   */
  requests(id: string): Promise<readonly NotificationRequest[]>;
  /**
   * Calls `listener` for every event of this name. Returns a function that stops that. If the listener throws or rejects, the
   * error is caught and counted.
   *
   * @example
   * const stop = crm.on('dead', ({ id, reason }) => alertOperator(id, reason.kind));
   */
  on<Name extends NotifierEventName>(name: Name, listener: NotifierListener<Name>): () => void;
  /** The direct client with the same CRM and token: waits for the CRM, without outbox or retries. */
  readonly service: Pick<CRMNotificationService, keyof CRMNotificationService>;
}

/** The notifier at `res.locals.crm`: the shared notifier's calls, bound to the request's logger and trace. */
export interface RequestNotifier extends Notify {
  /** The shared notifier itself. */
  readonly notifier: Notifier;
}

/* eslint-disable @typescript-eslint/no-namespace -- Express is extended by declaration merging on its namespace. */
declare global {
  namespace Express {
    interface Locals {
      /** The notifier, bound to this request; put here by `createNotifier().middleware()`. */
      crm: RequestNotifier;
    }
  }
}
/* eslint-enable @typescript-eslint/no-namespace */

/** What to pause or resume, and who does that. */
export interface PauseOptions {
  /** @default all targets, also those that are configured later */
  readonly target?: string | undefined;
  /** A name or an id, shown wherever the pause is and logged: at most 200 characters. @default nobody is named */
  readonly by?: string | undefined;
}

export interface TimeLimit {
  /** In milliseconds. @default 5_000 */
  readonly timeoutMs?: number | undefined;
}

export interface Stats extends PostOfficeStats, IntakeCounts {
  /** Log lines, listener calls and spans that threw or rejected; the errors were caught. */
  readonly observerFailures: number;
}
