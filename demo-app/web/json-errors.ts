import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { HttpError } from './http-error.js';

/** The last route: nothing else answered. */
export const unknownRoute: RequestHandler = (req) => {
  throw new HttpError(404, `There is no ${req.method} ${req.path}`);
};

/** Answers every error as JSON. What nobody expected is logged and told without details. */
export const answerError: ErrorRequestHandler = (error: unknown, req, res, next) => {
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

/** In our own words: the messages of a body parser quote the body. */
const CLIENT_ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is malformed: its body is not valid JSON, or its path cannot be decoded',
  413: 'The body is too large',
};

/** Express and its body parser mark what the caller did wrong with a status of 4xx. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}
