import type { Request, RequestHandler } from 'express';
import { HttpError } from './errors.js';

export interface RelayOptions {
  /** Where a request goes. */
  readonly url: (req: Request) => string;
  /** The `Authorization` header that it goes with. @default the request's own */
  readonly authorization?: string | undefined;
  /** What the 502 says when nothing responds there. */
  readonly absence: (req: Request) => string;
}

const TIMEOUT_MS = 5000;

/** Sends the request on, with its parsed JSON body, and responds as the other server does. */
export function relay({ url, authorization, absence }: RelayOptions): RequestHandler {
  return async (req, res) => {
    const sender = authorization ?? req.get('Authorization');
    const response = await fetch(url(req), {
      method: req.method,
      headers: { 'Content-Type': 'application/json', ...(sender !== undefined && { Authorization: sender }) },
      body: req.method === 'GET' ? null : JSON.stringify(req.body ?? {}),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => {
      throw new HttpError(502, absence(req));
    });
    res.status(response.status).json(await response.json());
  };
}
