import type { IncomingMessage } from 'node:http';
import { CRMValidationError } from '../core/errors.js';
import { deliveredCells, deliveredHeader, deliveredRecord } from '../history/delivered-record.js';
import type { DeliveredNotification } from '../history/history.js';
import type { Notifier } from '../notifier/notifier.js';
import { writeLog } from '../telemetry/logger.js';
import type { DeliveredCount, DeliveredPage, NotificationBody, NotificationView, TriedNow } from './api-contract.js';
import type { DashboardConfig } from './dashboard-options.js';
import type { ExportGate } from './export-gate.js';
import { exportList } from './export-list.js';
import { badDeliveredQuery, parseDeliveredExport, parseDeliveredFilter, parseDeliveredQuery } from './list-query.js';
import { shownBody } from './masked-body.js';
import { maySeeBodies } from './request-guard.js';
import { jsonResponse, refusal, type DashboardResponse, type StreamedResponse } from './response.js';

/** The part of the API that shows one notification, and those that were delivered. Each rejects if the notifier does. */
export interface NotificationsApi {
  show(id: string, req: IncomingMessage): Promise<DashboardResponse>;
  /** Its body for one target, with its values only if `isRevealed`; `by` is the user who asks for it, for the log. */
  body(which: BodyRequest, req: IncomingMessage): Promise<DashboardResponse>;
  /** `by` is the user who asks for it, for the log. */
  tryNow(id: string, target?: string, by?: string): Promise<DashboardResponse>;
  listDelivered(query: string): Promise<DashboardResponse>;
  countDelivered(query: string): Promise<DashboardResponse>;
  /** Those that match a query, as a file. */
  exportDelivered(query: string): Promise<DashboardResponse | StreamedResponse>;
}

export interface BodyRequest {
  readonly id: string;
  /** Of one target, or of the first. */
  readonly target: string | undefined;
  readonly isRevealed: boolean;
  readonly by?: string | undefined;
}

const exportedAtOnce = 500;

type NotificationsConfig = Pick<DashboardConfig, 'logger' | 'showBodies'>;

export function createNotificationsApi(
  crm: Pick<Notifier, 'find' | 'timeline' | 'requests' | 'delivered' | 'tryNow'>,
  config: NotificationsConfig,
  exportGate: ExportGate,
): NotificationsApi {
  const audit = (message: string, fields: Record<string, unknown>): void => {
    if (config.logger !== undefined) writeLog(config.logger, 'info', fields, message, () => undefined);
  };

  return {
    async show(id, req) {
      const timeline = await crm.timeline(id);
      const stored = await crm.find(id);
      const requests = await crm.requests(id);
      return jsonResponse({
        entries: stored.map(({ body: _body, traceparent: _traceparent, ...entry }) => entry),
        timeline,
        requests: requests.map(({ body: _body, ...request }) => request),
        hasBodies: stored.length > 0 && (await maySeeBodies(req, config)),
      } satisfies NotificationView);
    },

    async body({ id, target, isRevealed, by }, req) {
      if (!(await maySeeBodies(req, config))) return noBodies;
      const requests = await crm.requests(id);
      const request = requests.find((one) => one.target === (target ?? one.target));
      if (request === undefined) return gone;
      if (isRevealed) {
        audit('CRM dashboard: the body of a notification was shown', {
          by,
          notificationId: id,
          target: request.target,
        });
      }
      return jsonResponse({ body: shownBody(request.body, !isRevealed) } satisfies NotificationBody);
    },

    async tryNow(id, target, by) {
      let tried: number;
      try {
        tried = await crm.tryNow(id, target);
      } catch (error) {
        if (!(error instanceof CRMValidationError)) throw error;
        // It names targets for which this notification is pending, and who has paused them, as the overview does.
        return refusal(409, 'paused', error.issues.map(({ message }) => message).join('; '));
      }
      audit('CRM dashboard: a notification was tried at once', { by, notificationId: id, target, tried });
      return jsonResponse({ tried } satisfies TriedNow);
    },

    async countDelivered(query) {
      const filter = parseDeliveredFilter(query);
      if (filter === undefined) return badDeliveredQuery;
      return jsonResponse({ count: await crm.delivered.count(filter) } satisfies DeliveredCount);
    },

    async exportDelivered(query) {
      const parsed = parseDeliveredExport(query);
      if (parsed === undefined) return badDeliveredQuery;
      const { format, filter } = parsed;
      const readAfter = (last: DeliveredNotification | undefined): Promise<readonly DeliveredNotification[]> =>
        crm.delivered.list({ ...filter, limit: exportedAtOnce, before: last?.position });
      const list = { readAfter, header: deliveredHeader, cellsOf: deliveredCells, recordOf: deliveredRecord };
      return exportGate(() => exportList(format, { name: 'delivered', ...list }));
    },

    async listDelivered(query) {
      const parsed = parseDeliveredQuery(query);
      if (parsed === undefined) return badDeliveredQuery;
      // One more than asked for, to find out whether there are older ones.
      const found = await crm.delivered.list({ ...parsed, limit: parsed.limit + 1 });
      const delivered = found.slice(0, parsed.limit);
      const older = found.length > delivered.length ? (delivered.at(-1)?.position ?? null) : null;
      return jsonResponse({ delivered, older } satisfies DeliveredPage);
    },
  };
}

const noBodies = refusal(403, 'no-bodies', 'the dashboard’s option showBodies does not show you the content');
const gone = refusal(404, 'gone', 'the outbox no longer has this notification');
