import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';

/** One problem of a request. */
export interface RequestIssue {
  /** The field, such as `user.email`; empty for the whole request. */
  readonly path: string;
  readonly message: string;
}

/** Throw it in a route to respond with this status and message. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly issues: readonly RequestIssue[] | undefined;

  constructor(status: number, message: string, issues?: readonly RequestIssue[]) {
    super(message);
    this.status = status;
    this.issues = issues;
  }
}

/** The last route: no other one matched. */
export const unknownRoute: RequestHandler = (req) => {
  throw new HttpError(404, `There is no ${req.method} ${req.path}`);
};

/** Responds to every error with JSON. Unexpected ones are logged, and the client gets no details. */
export const respondWithError: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  if (error instanceof HttpError) {
    res.status(error.status).json({ error: error.message, ...(error.issues && { issues: error.issues }) });
    return;
  }
  const status = clientErrorStatus(error);
  if (status === undefined) {
    req.log.error({ err: error }, 'a request failed unexpectedly');
    res.status(500).json({ error: 'Something went wrong on our side' });
    return;
  }
  res.status(status).json({ error: CLIENT_ERRORS[status] ?? STATUS_CODES[status] ?? 'The request is not valid' });
};

/** Fixed texts, because a body parser's messages quote the body. */
const CLIENT_ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is malformed: its body is not valid JSON, or its path cannot be decoded',
  413: 'The body is too large',
};

/** Express and its body parser give their errors about a bad request a status of 4xx. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}
