/** This package, from its build, with its dashboard: of an outbox that is full, and whose CRM is away. */
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { crmDashboard } from 'express-crm-notifier/dashboard';

export async function createSender({ directory }) {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
  const away = { baseUrl: 'http://127.0.0.1:9', authToken: 'bench' };
  const crm = createNotifier({
    ...away,
    outbox: directory,
    maxPending: { count: 10_000_000, bytes: 2 ** 36 },
    keepDelivered: { count: 1_000_000, ms: 3_600_000 },
    logger,
    env: {},
  });
  await crm.ready();
  const dashboard = crmDashboard(crm, { authorize: () => true });
  const atCrm = (req, res, next) => {
    if (!req.url.startsWith('/crm')) return next();
    req.url = req.url.slice('/crm'.length);
    return dashboard(req, res, next);
  };
  return { middleware: [atCrm, crm.middleware()], hooks: [afterBooking('created')], close: () => crm.close() };
}
