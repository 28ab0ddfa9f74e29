import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { afterAwake } from '../core/after-awake.js';
import { CRMNotMountedError, CRMValidationError } from '../core/errors.js';
import { checkLane } from '../notification/field-checks.js';
import type { NotificationDraft } from '../notification/notification.js';
import type { IntakeContext } from '../notifier/intake.js';
import { hookAccessOf, requestContext, type HookAccess } from '../notifier/request-notifier.js';
import { createDefaultLogger } from '../telemetry/logger.js';
import type { HookContext, HookOptions, Mapper, RouteHook } from './hook.js';
import { watchResponse } from './response-watch.js';
import { awaitMapper, isPromiseLike, mapperError, mapperFailure } from './run-mapper.js';

export interface HookDefinition<Body, Fields extends object> {
  /** As the user wrote it, for messages: `afterBooking('created')`. */
  readonly name: string;
  readonly notificationType: string;
  readonly mapper: Mapper<Body, Fields>;
  readonly build: (fields: Fields) => NotificationDraft;
  readonly options: HookOptions<Fields> | undefined;
}

/** Makes a hook: middleware that lets the route run and, once it has responded, accepts a notification of it. */
export function createHook<Body, Fields extends object>(definition: HookDefinition<Body, Fields>): RouteHook {
  const reportMissing = createMissingReport(definition.name);

  return function crmHook(req, res, next) {
    const access = hookAccessOf((res as unknown as { locals?: { crm?: unknown } }).locals?.crm);
    if (access === undefined) {
      next(reportMissing());
      return;
    }
    try {
      watchResponse(res, crmHook, (status, body) => {
        // Measured where somebody listens.
        const startedAtMs = access.events.has('responded') ? access.clock.monotonicMs() : undefined;
        const told = tell(definition, access, { req: req as Request, res: res as Response }, status, body as Body);
        const held = access.guarantee === 'after-response' ? undefined : told;
        if (startedAtMs !== undefined) tellAdded(access, definition.notificationType, startedAtMs, held);
        return held;
      });
    } catch (error) {
      access.intake.reject(mapperFailure('the response cannot be watched:', error), contextOf(definition, access, req));
    }
    next();
  };
}

/** Tells what was added to a response, once it is let go. */
function tellAdded({ events, clock }: HookAccess, type: string, startedAtMs: number, held?: Promise<unknown>): void {
  const done = (): void => {
    events.emit('responded', { type, durationMs: clock.monotonicMs() - startedAtMs });
  };
  if (held === undefined) done();
  else void held.then(done);
}

/**
 * Runs within the route's own call of `end()`; nothing may escape from here. Answers the way to the receipt, for `holdMs` at
 * most, when there is something to tell.
 */
function tell<Body, Fields extends object>(
  definition: HookDefinition<Body, Fields>,
  access: HookAccess,
  context: HookContext,
  status: number,
  body: Body,
): Promise<unknown> | undefined {
  const { intake } = access;
  // Now, not once an asynchronous mapper has answered: this is when it occurred.
  const intakeContext = contextOf(definition, access, context.req);
  const accept = (fields: unknown): Promise<unknown> | undefined =>
    fields === undefined ? undefined : intake.accept(() => buildDraft(definition, fields), intakeContext);
  const reject = (error: unknown): void => {
    intake.reject(mapperFailure('threw', error), intakeContext);
  };
  try {
    const isTold = isToldOf(definition.options, context, status, access);
    if (isTold === false) return undefined;
    const answer =
      isTold === true
        ? mapInTime(definition, access, context, body)
        : mapIfTold(definition, access, context, body, isTold);
    if (!(answer instanceof Promise)) return accept(answer);
    const told = answer.then(accept, reject);
    intake.track(told);
    return atMostUntilMapped(told, answer, access);
  } catch (error) {
    reject(error);
    return undefined;
  }
}

/** Asks the mapper once `status` and `when` have said yes. */
async function mapIfTold<Body, Fields extends object>(
  definition: HookDefinition<Body, Fields>,
  access: HookAccess,
  context: HookContext,
  body: Body,
  isTold: Promise<unknown>,
): Promise<unknown> {
  return (await isTold) ? mapInTime(definition, access, context, body) : undefined;
}

/** What the mapper answers; a promise only where it did. */
function mapInTime<Body, Fields extends object>(
  { mapper }: HookDefinition<Body, Fields>,
  { mapperTimeoutMs, clock }: HookAccess,
  context: HookContext,
  body: Body,
): unknown {
  const answer = mapper(body, context);
  return isPromiseLike(answer) ? awaitMapper(answer, mapperTimeoutMs, clock) : answer;
}

/** How long a receipt is waited for is the intake's to say; a slow mapper before it must not hold longer than `holdMs`. */
function atMostUntilMapped(
  told: Promise<unknown>,
  mapped: Promise<unknown>,
  { holdMs, clock }: HookAccess,
): Promise<unknown> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, holdMs, () => {
      resolve(undefined);
    });
    mapped.then(cancel, cancel);
    void told.then(resolve);
  });
}

/** What is not truthy is no. A promise is asked for its answer, within a mapper's time limit. */
function isToldOf<Fields>(
  options: HookOptions<Fields> | undefined,
  context: HookContext,
  status: number,
  { mapperTimeoutMs, clock }: HookAccess,
): boolean | Promise<unknown> {
  if (options === undefined) return isIn200s(status);
  const isWanted = (isSuccess: boolean): unknown => isSuccess && (options.when === undefined || options.when(context));
  try {
    const isSuccess = options.status === undefined ? isIn200s(status) : options.status(status);
    const isTold = isPromiseLike(isSuccess) ? Promise.resolve(isSuccess).then(isWanted) : isWanted(isSuccess);
    if (!isPromiseLike(isTold)) return Boolean(isTold);
    return awaitMapper(isTold, mapperTimeoutMs, clock, whichFunction);
  } catch (error) {
    throw mapperFailure(`${whichFunction}threw`, error);
  }
}

const whichFunction = 'has a status or when function that ';
const isIn200s = (status: number): boolean => status >= 200 && status < 300;

function buildDraft<Body, Fields extends object>(
  definition: HookDefinition<Body, Fields>,
  answer: unknown,
): NotificationDraft {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw mapperError('must answer an object with the fields of the notification, or undefined to tell nothing');
  }
  const fields = answer as Fields;
  const draft = definition.build(fields);
  const lane = laneOf(definition.options, fields);
  return lane === undefined ? draft : { ...draft, lane };
}

function laneOf<Fields>(options: HookOptions<Fields> | undefined, fields: Fields): string | undefined {
  if (options?.lane === undefined) return undefined;
  let lane: unknown;
  try {
    lane = options.lane(fields);
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

/** The route's pattern rather than the URL, which may hold anything. */
function routeOf(req: Request): string {
  const { route, baseUrl } = req as { route?: { path?: unknown }; baseUrl?: unknown };
  const path = typeof route?.path === 'string' ? route.path : '(no path)';
  return `${req.method} ${typeof baseUrl === 'string' ? baseUrl : ''}${path}`;
}

/** Loud in development, where somebody sees it; in production the route matters more than the notification. */
function createMissingReport(name: string): () => CRMNotMountedError | undefined {
  let isReported = false;
  return () => {
    const error = new CRMNotMountedError(
      `${name} found no notifier at res.locals.crm. Mount it before the routes: ` +
        'const crm = createNotifier(); app.use(crm.middleware())',
    );
    if (process.env['NODE_ENV'] !== 'production') return error;
    if (!isReported) createDefaultLogger('error').error({ err: error.toJSON() }, error.message);
    isReported = true;
    return undefined;
  };
}
