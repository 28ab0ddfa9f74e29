import { Router } from 'express';
import { z } from 'zod';
import { HttpError } from '../../web/errors.js';
import { parseBody } from '../../web/parse-request.js';
import type { UserStore } from '../user-store.js';

const credentials = z.object({ email: z.string().min(1).max(320), password: z.string().min(1).max(1024) });

export function signInRoute(users: UserStore): Router {
  const router = Router();

  router.post('/sign-in', async (req, res) => {
    const { email, password } = parseBody(credentials, req.body);
    const token = await users.signIn(email, password);
    if (token === undefined) throw new HttpError(401, 'The e-mail address or the password is wrong');
    res.json({ token });
  });

  return router;
}
