import type { IncomingMessage } from 'node:http';
import type { WireNotification } from '../format/wire-notification.js';
import type { Middleware } from '../notifier/notifier.js';
import { createAuthentication } from './authentication.js';
import { handleBatch } from './handle-batch.js';
import { createHandling } from './handle-notification.js';
import { createJsonReader } from './read-json.js';
import { resolveReceiverOptions, type ReceiverOptions } from './receiver-options.js';
import { createReceiverReports } from './receiver-reports.js';
import { refusalReply, refuse, respond, type Reply } from './reply.js';

/**
 * Express middleware for a CRM service: takes what this package sends, at `POST /notify`, `POST /notify/batch` and
 * `GET /health` below the path it is mounted at. Each notification is checked and handled once, by the handler of its type. All
 * other paths are left to the app.
 *
 * Mount it before `express.json()`: a signature can only be verified with a body's exact bytes.
 *
 * Throws `CRMConfigError` for an invalid option, with every problem.
 *
 * @example
 * app.use(
 *   createReceiver({
 *     token: process.env.CRM_AUTH_TOKEN,
 *     on: { booking_created: ({ user_id, additional_data }) => addToTimeline(user_id, additional_data.booking_id) },
 *   }),
 * );
 */
export function createReceiver<Tx = undefined>(options: ReceiverOptions<Tx>): Middleware {
  const config = resolveReceiverOptions(options);
  const { handlers, store, maxBodyBytes, maxBatchCount, batchConcurrency: concurrency } = config;
  const reports = createReceiverReports(config.logger, config.onError);
  const authentication = createAuthentication(config);
  const readJson = createJsonReader({ authentication, reports, maxBodyBytes });
  const handle = createHandling({ handlers, store, reports });

  const takeOne: Route = async (req) => {
    const found = await readJson(req);
    if (found.kind === 'aborted') return undefined;
    if (found.kind === 'refused') return refusalReply(found);
    const handled = await handle(found.value, req.headers);
    if (handled.kind === 'refused') return refusalReply(handled);
    const { notification_id } = found.value as WireNotification;
    return { status: 200, body: { status: 'success', notification_id, duplicate: handled.isDuplicate } };
  };
  const takeBatch: Route = async (req) => {
    const found = await readJson(req);
    if (found.kind === 'aborted') return undefined;
    if (found.kind === 'refused') return refusalReply(found);
    return handleBatch(found.value, req.headers, handle, { maxBatchCount, concurrency });
  };
  const routeOf = ({ url = '', method = '' }: IncomingMessage): Route | undefined => {
    const path = url.replace(/\?.*/s, '').replace(/(?<=.)\/$/, '');
    if (path === '/health' && ['GET', 'HEAD'].includes(method)) return () => healthReply(config.isHealthy);
    if (path !== '/notify' && path !== '/notify/batch') return undefined;
    if (method !== 'POST') return () => Promise.resolve(refusalReply(onlyPost));
    return path === '/notify' ? takeOne : takeBatch;
  };

  return function crmReceiver(req, res, next) {
    const route = routeOf(req);
    if (route === undefined) {
      next();
      return;
    }
    route(req).then((reply) => {
      if (reply !== undefined) respond(res, reply);
    }, next);
  };
}

/** The reply to a request; undefined if its client has disconnected. */
type Route = (req: IncomingMessage) => Promise<Reply | undefined>;

async function healthReply(isHealthy: (() => unknown) | undefined): Promise<Reply> {
  try {
    if (isHealthy === undefined || (await isHealthy()) !== false) return { status: 200, body: { status: 'ok' } };
  } catch {
    // As unhealthy as `false`.
  }
  return { status: 503, body: { status: 'unavailable' } };
}

const onlyPost = refuse(405, 'method-not-allowed', 'use POST', { headers: { allow: 'POST' } });
