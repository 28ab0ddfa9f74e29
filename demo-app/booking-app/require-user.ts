import type { Request, RequestHandler } from 'express';
import { bearerToken } from '../web/bearer-token.js';
import { HttpError } from '../web/errors.js';
import type { User, UserStore } from './user-store.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- this is how types are added to Express's own
  namespace Express {
    interface Request {
      /** The signed-in user; set on every route behind `requireUser`. */
      user?: User;
    }
  }
}

/** Requires a signed-in user, or one with this role. */
export function requireUser(users: UserStore, role?: User['role']): RequestHandler {
  return async function requireUser(req, res, next) {
    const token = bearerToken(req);
    const user = token === undefined ? undefined : await users.findByToken(token);
    if (!user) {
      res.set('WWW-Authenticate', 'Bearer');
      throw new HttpError(401, 'Sign in first: POST /sign-in, then send Authorization: Bearer <token>');
    }
    if (role !== undefined && user.role !== role) throw new HttpError(403, `Only a ${role} may do this`);
    req.user = user;
    next();
  };
}

export function signedInUser(req: Request): User {
  if (!req.user) throw new Error(`${req.method} ${req.path} has no requireUser in front of it`);
  return req.user;
}
