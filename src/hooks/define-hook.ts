import type { RequestHandler } from 'express';
import { CRMValidationError, type Issue } from '../core/errors.js';
import { readingGiven, unreadable } from '../core/reading-given.js';
import { checkTargets, checkTypeWord } from '../notification/field-checks.js';
import type { NotificationDraft } from '../notification/notification.js';
import { createHook } from './create-hook.js';
import type { HookOptions, Mapper, RouteHook } from './hook.js';

interface HookForm<Fields extends object> {
  readonly name: string;
  readonly notificationType: string;
  readonly build: (fields: Fields) => NotificationDraft;
  readonly defaultMapper: Mapper<unknown, Fields> | undefined;
  /** The arguments after the action: `mapper?, options?`, or `handler, mapper, options?`. */
  readonly rest: readonly unknown[];
}

/** Checks a hook's arguments and makes the hook, in its plain or its wrapping form. The hooks' overloads have the types. */
export function defineHook<Fields extends object>(form: HookForm<Fields>): RouteHook | RequestHandler {
  const { name, notificationType, build, defaultMapper } = form;
  const isWrapping = typeof form.rest[0] === 'function' && typeof form.rest[1] === 'function';
  const handler = isWrapping ? (form.rest[0] as RequestHandler) : undefined;
  const [mapper = defaultMapper, options] = isWrapping ? form.rest.slice(1) : form.rest;
  if (typeof mapper !== 'function') {
    throw new CRMValidationError([{ path: 'mapper', message: 'must be a function, and is missing' }], { hook: name });
  }
  const optionIssues = readingGiven(
    () => optionIssuesOf(options),
    () => new CRMValidationError([{ path: 'options', message: unreadable }], { hook: name }),
  );
  if (optionIssues.length > 0) throw new CRMValidationError(optionIssues, { hook: name });
  const hook = createHook({
    name,
    notificationType,
    build,
    mapper: mapper as Mapper<unknown, Fields>,
    options: options as HookOptions<Fields> | undefined,
  });
  return handler === undefined ? hook : wrap(hook, handler);
}

/**
 * Returns the hook as the app wrote it: `afterBooking('created')`. Throws for an invalid action when the app starts, not at the
 * first booking.
 */
export function hookName(
  hook: 'afterBooking' | 'afterEvent' | 'afterResponse',
  prefix: string,
  action: string,
): string {
  // At run time it may be anything: Express calls a hook that was not called itself, with a request.
  if (typeof action !== 'string') {
    const example = hook === 'afterResponse' ? "'user_registered', mapper" : "'created'";
    const message = `must be called where the route is set up, with its type as text: ${hook}(${example})`;
    throw new CRMValidationError([{ path: '', message }], { hook });
  }
  const name = `${hook}('${action.slice(0, 64)}')`;
  const problem = checkTypeWord(prefix)(action);
  if (problem === undefined) return name;
  const path = hook === 'afterResponse' ? 'notificationType' : 'action';
  throw new CRMValidationError([{ path, message: problem }], { hook: name });
}

const optionNames = ['when', 'status', 'lane', 'targets'];

function optionIssuesOf(options: unknown): Issue[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null) return [{ path: 'options', message: 'must be an object' }];
  return Object.entries(options).flatMap(([name, value]): Issue[] => {
    const path = `options.${name.slice(0, 64)}`;
    if (!optionNames.includes(name))
      return [{ path, message: `is no option of a hook; there are ${optionNames.join(', ')}` }];
    if (name !== 'targets') {
      return value === undefined || typeof value === 'function' ? [] : [{ path, message: 'must be a function' }];
    }
    const problem = checkTargets(value);
    return problem === undefined ? [] : [{ path, message: problem }];
  });
}

/** Returns what the handler returns, because Express 5 waits for its promise. */
function wrap(hook: RouteHook, handler: RequestHandler): RequestHandler {
  return function crmWrappedHandler(req, res, next): unknown {
    let returned: unknown;
    hook(req, res, (error?: unknown) => {
      if (error === undefined) returned = handler(req, res, next);
      else next(error);
    });
    return returned;
  };
}
