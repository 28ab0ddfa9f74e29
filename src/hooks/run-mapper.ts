import type { Clock } from '../core/clock.js';
import { CRMValidationError } from '../core/errors.js';

/**
 * Waits for a mapper's promise, at most `timeoutMs`. Rejects with a `CRMValidationError` that says what went wrong
 * without repeating any data.
 */
export function awaitMapper<Fields>(answer: Promise<Fields>, timeoutMs: number, clock: Clock): Promise<Fields> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => {
      reject(mapperError(`did not answer within mapperTimeoutMs (${String(timeoutMs)})`));
    });
    answer.then(
      (fields) => {
        cancel();
        resolve(fields);
      },
      (error: unknown) => {
        cancel();
        reject(mapperFailure('rejected with', error));
      },
    );
  });
}

/** What a user's function threw: its kind and where, but not its message, which may quote what the route answered. */
export function mapperFailure(what: string, error: unknown): CRMValidationError {
  if (error instanceof CRMValidationError) return error;
  const name = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'something that is no Error';
  return mapperError(`${what} ${name}${placeOf(error)}`);
}

export function mapperError(message: string): CRMValidationError {
  return new CRMValidationError([{ path: 'mapper', message }]);
}

/** The first frame of an error's stack; the frames come after the message. */
function placeOf(error: unknown): string {
  const frame = error instanceof Error ? /^\s+(at .{1,256})$/m.exec(error.stack ?? '')?.[1] : undefined;
  return frame === undefined ? '' : ` ${frame}`;
}
