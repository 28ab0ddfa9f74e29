import type { z } from 'zod';
import { HttpError } from './errors.js';

/** Checks a body or a query against a schema. Returns the typed input, or throws a 400 that lists every issue. */
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

/** Like `parseRequest`, for a JSON body; the error says so if there is no body. */
export function parseBody<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  if (body === undefined) {
    throw new HttpError(400, 'Send a JSON object, with the header Content-Type: application/json');
  }
  return parseRequest(schema, body);
}

/** The id in a path such as /bookings/7. An invalid one becomes 0, which nothing has, so that the response is a 404. */
export function pathId(parameter: string | string[] | undefined): number {
  return typeof parameter === 'string' && /^[1-9]\d{0,14}$/.test(parameter) ? Number(parameter) : 0;
}
