import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { notAwaited } from '../core/call-safely.js';
import { afterAwake } from '../core/time-limit.js';
import { CRMValidationError, type CRMNotMountedError } from '../core/errors.js';
import { checkLane } from '../notification/field-checks.js';
import type { NotificationDraft } from '../notification/notification.js';
import type { IntakeContext } from '../notifier/intake.js';
import {
  hookAccessOf,
  otherCopyOf,
  requestContext,
  wasWrittenInTransaction,
  type HookAccess,
} from '../notifier/request-notifier.js';
import { createHookReports, type HookReports } from './hook-reports.js';
import type { HookContext, HookOptions, Mapper, RouteHook } from './hook.js';
import { watchResponse } from './response-watch.js';
import { isRedirect } from './is-redirect.js';
import { wasWrittenUnbound } from './written-unbound.js';
import { mapperError, mapperFailure, runMapper } from './run-mapper.js';

export interface HookDefinition<Body, Fields extends object> {
  /** As the app wrote it, for messages: `afterBooking('created')`. */
  readonly name: string;
  readonly notificationType: string;
  readonly mapper: Mapper<Body, Fields>;
  readonly build: (fields: Fields) => NotificationDraft;
  readonly options: HookOptions<Fields> | undefined;
}

/** A definition with what is made once for all requests of the hook. */
interface Hook<Body, Fields extends object> extends HookDefinition<Body, Fields> {
  readonly reports: HookReports;
  /** Whether a request of this route has notified in a transaction. */
  hasStoodBack: boolean;
}

/**
 * Makes a hook: middleware that lets the route run and notifies the CRM once it has responded. When something fails in here,
 * the route still runs and its response still goes out.
 */
export function createHook<Body, Fields extends object>(definition: HookDefinition<Body, Fields>): RouteHook {
  const hook = {
    ...definition,
    reports: createHookReports(definition.name, definition.notificationType),
    hasStoodBack: false,
  };

  return function crmHook(req, res, next) {
    let problem: CRMNotMountedError | undefined;
    try {
      problem = prepare(hook, req, res);
    } catch (error) {
      hook.reports.failure(error, res);
    }
    next(problem);
  };
}

/** Sets the hook up for one response. Returns an error when the request must fail with it. */
function prepare<Body, Fields extends object>(
  hook: Hook<Body, Fields>,
  req: IncomingMessage,
  res: ServerResponse,
): CRMNotMountedError | undefined {
  const crm = (res as { readonly locals?: { readonly crm?: unknown } }).locals?.crm;
  const access = hookAccessOf(crm);
  if (access === undefined) {
    const otherCopy = otherCopyOf(crm);
    if (otherCopy === undefined) return hook.reports.notMounted();
    hook.reports.otherCopy(otherCopy, res);
    return undefined;
  }
  if (res.writableEnded) {
    hook.reports.tooLate(res);
    return undefined;
  }
  try {
    const beganAtMs = access.clock.monotonicMs();
    const context = { req: req as Request, res: res as Response };
    watchResponse(res, hook.reports, (status, body) =>
      onResponded({ hook, access, context, beganAtMs }, status, body as Body),
    );
  } catch (error) {
    access.intake.reject(mapperFailure('the response cannot be watched:', error), contextOf(hook, access, req));
  }
  return undefined;
}

/** A hook at work for one request. */
interface HookRun<Body, Fields extends object> {
  readonly hook: Hook<Body, Fields>;
  readonly access: HookAccess;
  readonly context: HookContext;
  /** On the monotonic clock. */
  readonly beganAtMs: number;
}

/** Runs inside the route's own call of `end()`. Returns the promise that the response is held for, if any. */
function onResponded<Body, Fields extends object>(
  hookRun: HookRun<Body, Fields>,
  status: number,
  body: Body,
): Promise<unknown> | undefined {
  const { hook, access, context } = hookRun;
  // Measured only when the event has a listener.
  const startedAtMs = access.events.has('responded') ? access.clock.monotonicMs() : undefined;
  if (wasWrittenInTransaction(context.res.locals.crm, hook.notificationType)) {
    standBack(hookRun);
    return undefined;
  }
  const stored = notify(hookRun, status, body);
  const held = access.guarantee === 'after-response' ? undefined : stored;
  if (held === undefined) void stored?.catch(failureReporter(hook, context));
  if (startedAtMs !== undefined) emitHookDuration(hook, access, context, startedAtMs, held);
  return held;
}

/** Its request has notified in a transaction: only the delivery is woken. */
function standBack<Body, Fields extends object>({ hook, access }: HookRun<Body, Fields>): void {
  hook.hasStoodBack = true;
  access.transactions.lookSoon();
}

function failureReporter(
  { reports }: { readonly reports: HookReports },
  { res }: HookContext,
): (error: unknown) => void {
  return (error) => {
    reports.failure(error, res);
  };
}

/** Emits how long the hook took, once the response is released. */
function emitHookDuration<Body, Fields extends object>(
  hook: Hook<Body, Fields>,
  { events, clock }: HookAccess,
  context: HookContext,
  startedAtMs: number,
  held: Promise<unknown> | undefined,
): void {
  const emit = (): void => {
    events.emit('responded', { type: hook.notificationType, durationMs: clock.monotonicMs() - startedAtMs });
  };
  if (held === undefined) emit();
  else held.then(emit).catch(failureReporter(hook, context));
}

/**
 * Maps the response and hands the notification to the intake. Returns a promise of the receipt, or undefined when there is
 * nothing to notify. The promise waits at most `holdMs` for the app's own functions.
 */
function notify<Body, Fields extends object>(
  hookRun: HookRun<Body, Fields>,
  status: number,
  body: Body,
): Promise<unknown> | undefined {
  const { hook, access, context } = hookRun;
  const { intake } = access;
  // Made now, because it has the instant at which this occurred; an asynchronous mapper settles later.
  const intakeContext = contextOf(hook, access, context.req);
  if (hook.options?.status === undefined && isRedirect(status, context.req)) {
    hook.reports.redirected(status, intakeContext.route, context.res);
  }
  const accept = (fields: unknown): Promise<unknown> | undefined => {
    if (fields === undefined) return undefined;
    if (wasWrittenUnbound(hookRun, () => buildDraft(hook, fields))) {
      standBack(hookRun);
      return undefined;
    }
    if (hook.hasStoodBack) hook.reports.outsideTransaction(intakeContext.route, context.res);
    return intake.accept(() => buildDraft(hook, fields), intakeContext);
  };
  const reject = (error: unknown): void => {
    intake.reject(mapperFailure('threw', error), intakeContext);
  };
  let fields: unknown;
  try {
    fields = runMapper(hook, access, context, status, body);
  } catch (error) {
    reject(error);
    return undefined;
  }
  if (fields === undefined) return undefined;
  if (!(fields instanceof Promise)) return accept(fields);
  const stored = fields.then(accept, reject).catch(failureReporter(hook, context));
  intake.track(stored);
  return atMostHoldMs(stored, fields, access);
}

/** Limits only the mapping; the intake has its own limit for the outbox. */
function atMostHoldMs(
  stored: Promise<unknown>,
  mapped: Promise<unknown>,
  { holdMs, clock }: HookAccess,
): Promise<unknown> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, holdMs, () => {
      resolve(undefined);
    });
    mapped.then(cancel, cancel);
    void stored.then(resolve);
  });
}

function buildDraft<Body, Fields extends object>(
  { build, options }: Hook<Body, Fields>,
  returned: unknown,
): NotificationDraft {
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    throw mapperError('must return an object with the fields of the notification, or undefined to notify nothing');
  }
  const fields = returned as Fields;
  const draft = build(fields);
  if (options === undefined) return draft;
  return { ...draft, lane: laneOf(options, fields) ?? draft.lane, targets: draft.targets ?? options.targets };
}

function laneOf<Fields>(options: HookOptions<Fields>, fields: Fields): string | undefined {
  if (options.lane === undefined) return undefined;
  let lane: unknown;
  try {
    lane = notAwaited(options.lane(fields));
  } catch (error) {
    throw mapperFailure('has a lane function that threw', error);
  }
  const problem = checkLane(lane ?? '');
  if (problem === undefined) return lane as string;
  throw new CRMValidationError([{ path: 'lane', message: problem }]);
}

function contextOf(
  { notificationType }: { readonly notificationType: string },
  { clock }: HookAccess,
  req: IncomingMessage,
): IntakeContext {
  const { log, requestId, traceparent } = requestContext(req);
  const route = routeOf(req as Request);
  return { log, requestId, traceparent, type: notificationType, route, occurredAt: clock.now() };
}

/** The route's pattern rather than the URL, which may contain anything. */
function routeOf(req: Request): string {
  const { route, baseUrl } = req as { route?: { path?: unknown }; baseUrl?: unknown };
  const path = typeof route?.path === 'string' ? route.path : '(no path)';
  return `${req.method} ${typeof baseUrl === 'string' ? baseUrl : ''}${path}`;
}
