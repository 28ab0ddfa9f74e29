import type { CRMNotificationError, ErrorData } from '../core/errors.js';

/**
 * An error for the field `err` of a log line: an `Error`, as the serialisers of pino and others expect it, with its class's
 * name, its stack and its own fields, but without its cause, which may quote anything.
 */
export function errorForLog(error: CRMNotificationError | ErrorData): Error {
  const { name, message } = error;
  const stack = ('stack' in error ? error.stack : undefined) ?? `${name}: ${message}`;
  const fields = Object.fromEntries(Object.entries(error).filter(([key]) => key !== 'name' && key !== 'message'));
  return Object.defineProperties(Object.assign(new Error(message), fields), {
    name: { value: name },
    stack: { value: stack },
    // With no constructor, pino takes the type from the name.
    constructor: { value: undefined },
    toJSON: { value: () => ({ name, message, ...fields }) },
  });
}
