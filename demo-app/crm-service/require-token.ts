import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { bearerToken, tokenDigest } from '../web/bearer-token.js';
import { HttpError } from '../web/http-error.js';

/** Lets only callers with the one token pass. The time it takes tells nothing about the token. */
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
