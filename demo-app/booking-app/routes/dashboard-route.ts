import type { Request, RequestHandler } from 'express';
import type { Notifier } from 'express-crm-notifier';
import { crmDashboard } from 'express-crm-notifier/dashboard';
import type { UserStore } from '../user-store.js';

/** The notifier's dashboard, for facilitators. Their browser asks for a password, which is their token. */
export function dashboardRoute(crm: Notifier, users: UserStore): RequestHandler {
  return crmDashboard(crm, {
    authorize: async (req) => (await users.findByToken(passwordOf(req) ?? ''))?.role === 'facilitator',
    wwwAuthenticate: 'Basic realm="CRM dashboard", charset="UTF-8"',
  });
}

/** The password of HTTP's Basic authentication (RFC 7617). */
function passwordOf(req: Request): string | undefined {
  const [, encoded] = /^Basic ([\w+/=]+)$/i.exec(req.headers.authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  return Buffer.from(encoded, 'base64').toString('utf8').split(/:(.*)/s)[1];
}
