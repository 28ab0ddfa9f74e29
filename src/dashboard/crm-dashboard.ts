import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { isCRMNotificationError } from '../core/errors.js';
import type { Middleware, Notifier } from '../notifier/notifier.js';
import { writeLog, type Logger } from '../telemetry/logger.js';
import { redirect, refusal, send, type Answer } from './answer.js';
import { createDashboardApi, type DashboardApi } from './dashboard-api.js';
import {
  resolveDashboardConfig,
  type DashboardConfig,
  type DashboardOptions,
  type InternalDashboardOptions,
} from './dashboard-options.js';
import { isOwnHost } from './is-own-host.js';
import { mayChange } from './may-change.js';
import { readPageAssets, type PageAssets } from './page-assets.js';
import { createRecorder } from './recorder.js';

interface Dashboard {
  readonly config: DashboardConfig;
  readonly api: DashboardApi;
  readonly assets: PageAssets;
}

/**
 * A page that shows how the notifier does, with what it needs below the path it is mounted at:
 * `app.use('/crm', crmDashboard(crm, { authorize }))`. History begins with this call.
 *
 * Throws `CRMConfigError` without `authorize`, unless `NODE_ENV` is `development`; there it answers at an IP address and
 * at `localhost` only.
 */
export function crmDashboard(crm: Notifier, options: DashboardOptions = {}): Middleware {
  const config = resolveDashboardConfig(options);
  const assets = readPageAssets((options as InternalDashboardOptions).assetsDirectory);
  const recorder = createRecorder(crm, config.clock);
  const dashboard = { config, assets, api: createDashboardApi({ ...config, crm, recorder }) };

  return function crmDashboardHandler(req, res) {
    void answerTo(req, dashboard).then((answer) => {
      send(res, answer);
    });
  };
}

/** Never rejects. */
async function answerTo(req: IncomingMessage, dashboard: Dashboard): Promise<Answer> {
  const { config } = dashboard;
  if (config.authorize === undefined) {
    if (!isOwnHost(req)) return refusal(403, 'unknown-host', unknownHost);
  } else if (!(await isAuthorised(req, config.authorize, config.logger))) {
    return unauthorised(config.wwwAuthenticate);
  }
  try {
    return await route(req, dashboard);
  } catch (error) {
    const code = isCRMNotificationError(error) ? error.code : 'unavailable';
    return refusal(503, code, 'the notifier does not answer; its log says why', { 'retry-after': '1' });
  }
}

const unknownHost =
  'without authorize the CRM dashboard is shown only at an IP address, at localhost and at names that end in .localhost; ' +
  'open it there, or set authorize: crmDashboard(crm, { authorize: (req) => … })';

async function isAuthorised(
  req: IncomingMessage,
  authorize: (req: Request) => unknown,
  logger: Logger | undefined,
): Promise<boolean> {
  try {
    return (await authorize(req as Request)) === true;
  } catch {
    // What it threw may hold anything.
    if (logger !== undefined) writeLog(logger, 'warn', {}, 'CRM dashboard: authorize failed', () => undefined);
    return false;
  }
}

function unauthorised(wwwAuthenticate: string | undefined): Answer {
  const headers = wwwAuthenticate === undefined ? {} : { 'www-authenticate': wwwAuthenticate };
  return refusal(401, 'unauthorised', 'sign in to see the CRM dashboard', headers);
}

function route(req: IncomingMessage, { api, assets }: Dashboard): Answer | Promise<Answer> {
  const [path = '/', query = ''] = (req.url ?? '/').split(/\?(.*)/s);
  const asset = assets.get(path);
  if (asset !== undefined) return whenReading(req, () => pathToSlash(req) ?? asset(req));
  if (path === '/api/overview') return whenReading(req, () => api.overview());
  if (path === '/api/dead-letters') return whenReading(req, () => api.deadLetters(query));
  if (path === '/api/dead-letters/redeliver-all') return whenChanging(req, () => api.redeliverAll());
  const [, idText, action] = /^\/api\/dead-letters\/([^/]+)\/(redeliver|discard)$/.exec(path) ?? [];
  if (idText === undefined) return refusal(404, 'not-found', 'there is nothing here');
  return whenChanging(req, () => {
    const id = parseId(idText);
    if (id === undefined) return refusal(400, 'bad-id', 'this can be no id of a notification');
    return action === 'redeliver' ? api.redeliver(id) : api.discard(id);
  });
}

/**
 * The page asks for the rest relative to its own address, whatever a proxy has made of that; so the address must end with
 * a slash. The path is all of the request that goes into the answer, and it is told relative as well.
 */
function pathToSlash(req: IncomingMessage): Answer | undefined {
  const { originalUrl } = req as Partial<Request>;
  const path = originalUrl?.split('?', 1)[0] ?? '/';
  const isMountPath = req.url?.split('?', 1)[0] === '/' && !path.endsWith('/');
  return isMountPath ? redirect(`./${path.slice(path.lastIndexOf('/') + 1)}/`) : undefined;
}

function whenReading(req: IncomingMessage, answer: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
  if (req.method === 'GET' || req.method === 'HEAD') return answer();
  return refusal(405, 'method-not-allowed', 'this is for reading only', { allow: 'GET, HEAD' });
}

function whenChanging(req: IncomingMessage, answer: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
  if (req.method !== 'POST') return refusal(405, 'method-not-allowed', 'this takes POST only', { allow: 'POST' });
  if (mayChange(req)) return answer();
  return refusal(403, 'not-from-the-page', 'only the dashboard’s own page may ask for this');
}

const maxIdLength = 256;

function parseId(text: string): string | undefined {
  try {
    const id = decodeURIComponent(text);
    // To the notifier `all` means every dead letter, which has a path of its own.
    return id.length <= maxIdLength && id !== 'all' ? id : undefined;
  } catch {
    return undefined;
  }
}
