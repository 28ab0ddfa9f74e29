import type { Middleware, Notifier } from '../notifier/notifier.js';

/** Under construction. */
export function crmDashboard(crm: Notifier): Middleware {
  return (_req, res, next) => {
    void crm.stats().then((stats) => {
      res.end(JSON.stringify(stats));
    }, next);
  };
}
