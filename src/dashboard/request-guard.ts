import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { notAwaited } from '../core/call-safely.js';
import { isOwnHost } from '../core/own-host.js';
import { writeLog } from '../telemetry/logger.js';
import type { DashboardConfig } from './dashboard-options.js';
import { refusal, type DashboardResponse } from './response.js';

type GuardConfig = Pick<DashboardConfig, 'authorize' | 'logger' | 'wwwAuthenticate'>;

/** The response to a client that may not see the dashboard; undefined if it may. Never rejects. */
export async function refuseUnauthorised(
  req: IncomingMessage,
  { authorize, logger, wwwAuthenticate }: GuardConfig,
): Promise<DashboardResponse | undefined> {
  if (authorize === undefined) return isOwnHost(req) ? undefined : unknownHost;
  if (await isAllowed(req, 'authorize', authorize, logger)) return undefined;
  const headers = wwwAuthenticate === undefined ? {} : { 'www-authenticate': wwwAuthenticate };
  return isPageWanted(req) ? pageRefusal(headers) : refusal(401, 'unauthorised', signIn, headers);
}

const signIn = 'sign in to see the CRM dashboard';

/** Whether a person opens it: a browser asks for HTML first. */
function isPageWanted({ headers: { accept } }: IncomingMessage): boolean {
  return /^\s*text\/html/i.test(accept ?? '');
}

/** For a person; the same at every path, as the other. */
function pageRefusal(headers: Readonly<Record<string, string>>): DashboardResponse {
  const html = { ...headers, 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' };
  return { status: 401, headers: html, body: signInPage };
}

const signInPage = Buffer.from(
  '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>CRM notifier</title>' +
    '<h1>CRM notifier</h1><p>Sign in to your app to see this dashboard, then load this page again.</p></html>\n',
);

const unknownHost = refusal(
  403,
  'unknown-host',
  'without authorize, the CRM dashboard is served only at an IP address, at localhost and at names that end in ' +
    '.localhost; open it there, or set authorize: crmDashboard(crm, { authorize: (req) => … })',
);

/**
 * The response to a client that may see the dashboard, but may not change anything; undefined if it may. The log gets who that was.
 * Never rejects.
 */
export async function refuseChange(
  req: IncomingMessage,
  { authorizeChange, logger, userOf }: Pick<DashboardConfig, 'authorizeChange' | 'logger' | 'userOf'>,
): Promise<DashboardResponse | undefined> {
  const refused = refuseForeign(req);
  if (refused !== undefined) return refused;
  if (await mayChange(req, { authorizeChange, logger })) return undefined;
  // Of the path the last part alone: before it there may be an id that the client has made up.
  const change = /[^/?]+(?=$|\?)/.exec(req.url ?? '')?.[0];
  const fields = { by: userOfRequest(req, { userOf }), change };
  if (logger !== undefined) writeLog(logger, 'warn', fields, 'CRM dashboard: a change was refused', () => undefined);
  return mayNotChange;
}

/** Whether this user may change something, of those who may see the dashboard. Never rejects. */
export async function mayChange(
  req: IncomingMessage,
  { authorizeChange, logger }: Pick<DashboardConfig, 'authorizeChange' | 'logger'>,
): Promise<boolean> {
  return authorizeChange === undefined || (await isAllowed(req, 'authorizeChange', authorizeChange, logger));
}

/** Whether this user may see the bodies of notifications. Never rejects. */
export async function maySeeBodies(
  req: IncomingMessage,
  { showBodies, logger }: Pick<DashboardConfig, 'showBodies' | 'logger'>,
): Promise<boolean> {
  return showBodies !== undefined && (await isAllowed(req, 'showBodies', showBodies, logger));
}

/** Whether the app's function returns `true`, or a promise of it. Never rejects. */
async function isAllowed(
  req: IncomingMessage,
  option: string,
  authorize: (req: Request) => unknown,
  logger: DashboardConfig['logger'],
): Promise<boolean> {
  try {
    return (await authorize(req as Request)) === true;
  } catch {
    // The error is not logged: it may contain anything.
    if (logger !== undefined) writeLog(logger, 'warn', {}, `CRM dashboard: ${option} failed`, () => undefined);
    return false;
  }
}

const mayNotChange = refusal(403, 'may-not-change', 'you may see the CRM dashboard, but not change anything');

/** Who sends a request, as the app says it; undefined if it does not. */
export function userOfRequest(req: IncomingMessage, { userOf }: Pick<DashboardConfig, 'userOf'>): string | undefined {
  try {
    const user = notAwaited(userOf?.(req as Request));
    return typeof user === 'string' ? user : undefined;
  } catch {
    return undefined;
  }
}

/** The response to a POST that does not come from the dashboard's own page; undefined if it does. */
export function refuseForeign({ headers }: IncomingMessage): DashboardResponse | undefined {
  return isFromOwnPage(headers) ? undefined : notFromThePage;
}

const notFromThePage = refusal(403, 'not-from-the-page', 'only the dashboard’s own page may send this request');

/**
 * Another site's form cannot set the header, another site's script is not allowed to, and the browser says where a request
 * comes from (https://www.w3.org/TR/fetch-metadata/).
 */
function isFromOwnPage(headers: IncomingMessage['headers']): boolean {
  if (headers['x-crm-dashboard'] !== '1') return false;
  const site = headers['sec-fetch-site'];
  // Browsers leave it out on plain http to another machine.
  return site === undefined ? isSameHost(headers.origin, headers.host) : site === 'same-origin';
}

function isSameHost(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false;
  try {
    const { protocol, host: originHost } = new URL(origin);
    return originHost !== '' && originHost === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}
