import type { Clock } from '../core/clock.js';
import { CRMValidationError } from '../core/errors.js';
import { isPromiseLike } from '../core/call-safely.js';
import { describeThrown } from '../core/describe-thrown.js';
import { within } from '../core/time-limit.js';
import type { HookContext, HookOptions, Mapper } from './hook.js';

interface AppFunctions<Body, Fields> {
  readonly mapper: Mapper<Body, Fields>;
  readonly options: HookOptions<Fields> | undefined;
}

interface TimeLimit {
  readonly mapperTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * Calls the mapper if `status` and `when` allow it. Returns the mapper's fields, a promise of them if one of the functions
 * was asynchronous, or undefined if there is nothing to notify. Throws or rejects if one of them does, or does not settle
 * within `mapperTimeoutMs`.
 */
export function runMapper<Body, Fields>(
  { mapper, options }: AppFunctions<Body, Fields>,
  limit: TimeLimit,
  context: HookContext,
  status: number,
  body: Body,
): unknown {
  const isWanted = shouldNotify(options, limit, context, status);
  if (isWanted === false) return undefined;
  if (isWanted === true) return callMapper(mapper, limit, context, body);
  return isWanted.then((is) => (is ? callMapper(mapper, limit, context, body) : undefined));
}

function callMapper<Body, Fields>(
  mapper: Mapper<Body, Fields>,
  limit: TimeLimit,
  context: HookContext,
  body: Body,
): unknown {
  const returned = mapper(body, context);
  return isPromiseLike(returned) ? inTime(returned, limit) : returned;
}

function shouldNotify<Fields>(
  options: HookOptions<Fields> | undefined,
  limit: TimeLimit,
  context: HookContext,
  status: number,
): boolean | Promise<unknown> {
  if (options === undefined) return isIn200s(status);
  const isWantedAfter = (isSuccess: boolean): unknown =>
    isSuccess && (options.when === undefined || options.when(context));
  try {
    const isSuccess = options.status === undefined ? isIn200s(status) : options.status(status);
    const isWanted = isPromiseLike(isSuccess)
      ? Promise.resolve(isSuccess).then(isWantedAfter)
      : isWantedAfter(isSuccess);
    if (!isPromiseLike(isWanted)) return Boolean(isWanted);
    return inTime(isWanted, limit, whichFunction);
  } catch (error) {
    throw mapperFailure(`${whichFunction}threw`, error);
  }
}

const whichFunction = 'has a status or when function that ';
const isIn200s = (status: number): boolean => status >= 200 && status < 300;

/** The error states what went wrong without repeating any data. `which` names the function if it is not the mapper itself. */
function inTime<Value>(
  returned: PromiseLike<Value>,
  { mapperTimeoutMs, clock }: TimeLimit,
  which = '',
): Promise<Value> {
  const failed = (error: unknown): never => {
    throw mapperFailure(`${which}rejected with`, error);
  };
  return within(Promise.resolve(returned).catch(failed), mapperTimeoutMs, clock, () =>
    mapperError(`${which}did not settle within mapperTimeoutMs (${String(mapperTimeoutMs)})`),
  );
}

/** Wraps an error that one of the app's functions threw, without its message, which may quote the response. */
export function mapperFailure(what: string, error: unknown): CRMValidationError {
  if (error instanceof CRMValidationError) return error;
  return mapperError(`${what} ${describeThrown(error)}`);
}

export function mapperError(message: string): CRMValidationError {
  return new CRMValidationError([{ path: 'mapper', message }]);
}
