import type { z } from 'zod';
import { HttpError } from './http-error.js';

/** Checks a body or a query against a schema: the typed input, or a 400 that lists everything that is wrong. */
export function parseRequest<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const result = schema.safeParse(input, {
    error: (issue) => (issue.input === undefined ? 'is required' : undefined),
  });
  if (result.success) return result.data;
  throw new HttpError(
    400,
    'The request is not valid',
    result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  );
}

/** As `parseRequest`, for a JSON body; says so when there is none. */
export function parseBody<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  if (body === undefined) {
    throw new HttpError(400, 'Send a JSON object, with the header Content-Type: application/json');
  }
  return parseRequest(schema, body);
}
