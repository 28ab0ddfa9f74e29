import type { Clock } from '../core/clock.js';
import { CRMValidationError } from '../core/errors.js';
import { within } from '../core/time-limit.js';

/** Whether a mapper's answer is still to come: a promise of any make, since query builders and other realms have their own. */
export function isPromiseLike<Fields>(answer: Fields | PromiseLike<Fields>): answer is PromiseLike<Fields> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Waits for a mapper's promise, at most `timeoutMs`. Rejects with a `CRMValidationError` that says what went wrong
 * without repeating any data; `which` says of what, where it is not the mapper's own.
 */
export function awaitMapper<Answer>(
  answer: PromiseLike<Answer>,
  timeoutMs: number,
  clock: Clock,
  which = '',
): Promise<Answer> {
  const failed = (error: unknown): never => {
    throw mapperFailure(`${which}rejected with`, error);
  };
  return within(Promise.resolve(answer).catch(failed), timeoutMs, clock, () =>
    mapperError(`${which}did not answer within mapperTimeoutMs (${String(timeoutMs)})`),
  );
}

/** What a user's function threw: its kind and where, but not its message, which may quote what the route answered. */
export function mapperFailure(what: string, error: unknown): CRMValidationError {
  if (error instanceof CRMValidationError) return error;
  return mapperError(`${what} ${kindOf(error)}`);
}

export function mapperError(message: string): CRMValidationError {
  return new CRMValidationError([{ path: 'mapper', message }]);
}

function kindOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'something that is no Error';
    return `${/^\w{1,64}$/.test(error.name) ? error.name : 'an Error'}${placeOf(error)}`;
  } catch {
    // A getter or proxy that throws in its turn.
    return 'something that cannot be read';
  }
}

/** The first frame of an error's stack. The message stands before the frames, and may have lines that look like one. */
function placeOf({ message, stack = '' }: Error): string {
  const messageAt = stack.indexOf(message);
  const frames = messageAt === -1 ? '' : stack.slice(messageAt + message.length);
  const frame = /^\s+(at .{1,256})$/m.exec(frames)?.[1];
  return frame === undefined ? '' : ` ${frame}`;
}
