import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { HttpError } from './errors.js';

/** The token of `Authorization: Bearer <token>`, if there is one. */
export function bearerToken(req: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
}

/** Compare and store only digests: they all have the same length, and a stolen file holds no token. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Requires this one token. The comparison takes the same time for any token. */
export function requireToken(authToken: string): RequestHandler {
  const expected = tokenDigest(authToken);
  return function requireToken(req, res, next) {
    if (!timingSafeEqual(tokenDigest(bearerToken(req) ?? ''), expected)) {
      res.set('WWW-Authenticate', 'Bearer');
      throw new HttpError(401, 'A valid token is needed, as in Authorization: Bearer <token>');
    }
    next();
  };
}
