import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { isCRMNotificationError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Middleware, Notifier } from '../notifier/notifier.js';
import {
  resolveDashboardConfig,
  type DashboardConfig,
  type DashboardOptions,
  type InternalDashboardOptions,
} from './dashboard-options.js';
import { createDeadLettersApi, type DeadLettersApi } from './dead-letters-api.js';
import { createExportGate } from './export-gate.js';
import { routeLists } from './list-routes.js';
import { createOneAtATime } from './one-at-a-time.js';
import { createOverviewReader } from './overview.js';
import { createPendingApi, type PendingApi } from './pending-api.js';
import { compressFor } from './compress.js';
import { isRange } from './count-series.js';
import { createNotificationsApi, type NotificationsApi } from './notifications-api.js';
import type { Overview, Range, SharedOverview } from './api-contract.js';
import {
  type DashboardResponse,
  jsonResponse,
  type PageAssets,
  readPageAssets,
  redirect,
  refusal,
  send,
  type AnyResponse,
} from './response.js';
import { createPausesApi, type PausesApi } from './pauses-api.js';
import { createRecorder } from './recorder.js';
import { mayChange, refuseForeign, refuseUnauthorised, userOfRequest } from './request-guard.js';
import { changing, reading } from './methods.js';

interface Dashboard {
  readonly config: DashboardConfig;
  readonly assets: PageAssets;
  readonly readOverview: (range: Range) => Promise<SharedOverview>;
  readonly pending: PendingApi;
  readonly deadLetters: DeadLettersApi;
  readonly pauses: PausesApi;
  readonly notifications: NotificationsApi;
}

/**
 * Middleware that serves a page about the notifier's state, and the page's files and API, below the path it is mounted at.
 * Its list of attempts begins with this call.
 *
 * Throws `CRMConfigError` for an invalid option, and without `authorize` unless `NODE_ENV` is `development`; in
 * development it is then served at IP addresses and `localhost` only.
 *
 * @example
 * app.use('/crm', crmDashboard(crm, { authorize: (req) => isOperator(req) }));
 */
export function crmDashboard(crm: Notifier, options: DashboardOptions = {}): Middleware {
  const config = resolveDashboardConfig(options);
  // One after the other, whatever they list.
  const oneAtATime = createOneAtATime();
  const exportGate = createExportGate();
  const dashboard = {
    config,
    assets: readPageAssets((options as InternalDashboardOptions).assetsDirectory),
    readOverview: createOverviewReader(crm, createRecorder(crm, config.clock), config),
    pending: createPendingApi(crm.pending, oneAtATime, exportGate),
    deadLetters: createDeadLettersApi(crm.deadLetters, config, oneAtATime, exportGate),
    pauses: createPausesApi(crm, config),
    notifications: createNotificationsApi(crm, config, exportGate),
  };

  return function crmDashboardHandler(req, res) {
    void respondTo(req, dashboard)
      .then(async (response) => ('chunks' in response ? response : compressFor(req, response)))
      .then((response) => {
        send(res, response);
      });
  };
}

/** Never rejects. */
async function respondTo(req: IncomingMessage, dashboard: Dashboard): Promise<AnyResponse> {
  const refused = await refuseUnauthorised(req, dashboard.config);
  if (refused !== undefined) return refused;
  try {
    return await route(req, dashboard);
  } catch (error) {
    const code = isCRMNotificationError(error) ? error.code : 'unavailable';
    return refusal(503, code, 'the notifier is not available; its log says why', { 'retry-after': '1' });
  }
}

function route(req: IncomingMessage, dashboard: Dashboard): AnyResponse | Promise<AnyResponse> {
  const { config, assets, deadLetters, pauses, notifications } = dashboard;
  const [path = '/', query = ''] = (req.url ?? '/').split(/\?(.*)/s);
  const asset = assets.get(path);
  if (asset !== undefined) return reading(req, () => redirectToSlash(req) ?? asset(req));
  if (path === '/api/overview') return reading(req, () => respondWithOverview(req, query, dashboard));
  const fromList = routeLists(req, path, query, dashboard);
  if (fromList !== undefined) return fromList;
  if (path === '/api/pause') return changing(req, config, (by) => pauses.pause(query, by));
  if (path === '/api/resume') return changing(req, config, (by) => pauses.resume(query, by));
  if (path === '/api/delivered/count') return reading(req, () => notifications.countDelivered(query));
  if (path === '/api/delivered/export') return reading(req, () => notifications.exportDelivered(query));
  if (path === '/api/delivered') return reading(req, () => notifications.listDelivered(query));
  const [, soughtText, part] = /^\/api\/notifications\/([^/]+)(\/body|\/try-now)?$/.exec(path) ?? [];
  if (soughtText !== undefined) return respondWithNotification(req, dashboard, { soughtText, part, query });
  const [, idText, action] = /^\/api\/dead-letters\/([^/]+)\/(redeliver|discard)$/.exec(path) ?? [];
  if (idText === undefined) return refusal(404, 'not-found', 'the dashboard has no such path');
  return changing(req, config, (by) => {
    const id = parseId(idText);
    if (id === undefined) return badId;
    const target = new URLSearchParams(query).get('target') ?? undefined;
    const change = action === 'redeliver' ? deadLetters.redeliver : deadLetters.discard;
    return change(id, target, by);
  });
}

interface Sought {
  readonly soughtText: string;
  /** `/body`, `/try-now`, or undefined for the whole. */
  readonly part: string | undefined;
  readonly query: string;
}

/** What is known of a notification, or its body, or a try. A POST shows the body's values, and leaves a line in the log. */
function respondWithNotification(
  req: IncomingMessage,
  { config, notifications }: Dashboard,
  { soughtText, part, query }: Sought,
): AnyResponse | Promise<AnyResponse> {
  const id = parseId(soughtText);
  if (id === undefined) return badId;
  if (part === undefined) return reading(req, () => notifications.show(id, req));
  const target = new URLSearchParams(query).get('target') ?? undefined;
  if (part === '/try-now') return changing(req, config, (by) => notifications.tryNow(id, target, by));
  if (req.method !== 'POST') return reading(req, () => notifications.body({ id, target, isRevealed: false }, req));
  const by = userOfRequest(req, config);
  return refuseForeign(req) ?? notifications.body({ id, target, isRevealed: true, by }, req);
}

const changerTimeoutMs = 1_000;

const badId = refusal(400, 'bad-id', 'this is not the id of a notification');

async function respondWithOverview(
  req: IncomingMessage,
  query: string,
  { config, readOverview }: Dashboard,
): Promise<DashboardResponse> {
  const { range = 'hour', after = '', ...others } = Object.fromEntries(new URLSearchParams(query));
  if (!isRange(range) || Object.keys(others).length > 0) return badRange;
  // Who waits for the app's answer sees no health: nothing may be changed until it comes.
  const asked = within(mayChange(req, config), changerTimeoutMs, config.clock, () => new Error('no answer'));
  const [overview, isForChanger] = await Promise.all([readOverview(range), asked.catch(() => false)]);
  const [session, number] = after.split(':');
  if (session !== overview.session) return wholeOverview(overview, isForChanger);
  // Of the attempts only those that the page does not have yet.
  const known = Number(number);
  const attempts = overview.attempts.filter((attempt) => !(attempt.number <= known));
  return overviewResponse({ ...overview, attempts }, isForChanger);
}

function overviewResponse(overview: SharedOverview, isForChanger: boolean): DashboardResponse {
  return jsonResponse({ ...overview, mayChange: isForChanger } satisfies Overview);
}

/** For those who may change something, and for those who may not. */
const whole = {
  changer: new WeakMap<SharedOverview, DashboardResponse>(),
  viewer: new WeakMap<SharedOverview, DashboardResponse>(),
};

/** The same bytes for all that share an overview: a client that does not read them holds no others. */
function wholeOverview(overview: SharedOverview, isForChanger: boolean): DashboardResponse {
  const shared = isForChanger ? whole.changer : whole.viewer;
  const response = shared.get(overview) ?? overviewResponse(overview, isForChanger);
  shared.set(overview, response);
  return response;
}

const badRange = refusal(400, 'bad-query', 'the query takes range (hour, day or week) and after (session:number)');

/**
 * The page loads everything relative to its own address, so that a proxy may mount it anywhere. For that the address must
 * end with a slash. The redirect is relative too, and the path is the only part of the request that it repeats.
 */
function redirectToSlash(req: IncomingMessage): DashboardResponse | undefined {
  const { originalUrl } = req as Partial<Request>;
  const path = originalUrl?.split('?', 1)[0] ?? '/';
  const isMountPath = req.url?.split('?', 1)[0] === '/' && !path.endsWith('/');
  return isMountPath ? redirect(`./${path.slice(path.lastIndexOf('/') + 1)}/`) : undefined;
}

const maxIdLength = 256;

function parseId(text: string): string | undefined {
  try {
    const id = decodeURIComponent(text);
    return id.length <= maxIdLength ? id : undefined;
  } catch {
    return undefined;
  }
}
