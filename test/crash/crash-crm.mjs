/**
 * The CRM of the audit: writes each notification to a file before it responds, in the order of arrival, and asks nothing
 * more of it. It is each target of the app, one for each path: what is posted to /notify or /notify/batch is for "crm", to
 * /sales/notify for "sales". With FAULTS it now and then resets a connection before or after it has written, responds 503,
 * also for one of a batch, is slow, or does not respond at all; with UNSTEADY it only responds 503 now and then.
 *
 * A notification may carry its fate, which is the same each time it comes: the CRM resets the connection, hangs, responds
 * 401 or 403, or 422. With LIFTED only the last is left. What it has not taken is written to another file, once.
 * Variables: CRM_PORT, JOURNAL, REFUSED, FAULTS, UNSTEADY, LIFTED.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';

const { CRM_PORT, JOURNAL, REFUSED, FAULTS, UNSTEADY, LIFTED } = process.env;
const journal = openSync(JOURNAL, 'a');
const refused = openSync(REFUSED, 'a');
const refusedKeys = new Set();

const draw = () => (FAULTS === undefined ? 1 : Math.random());
const isUnsteady = () => UNSTEADY !== undefined && Math.random() < 0.03;

/** Writes down what it takes. Returns a status, or 'reset' or 'hang' for one that ends the whole request. */
const take = (target, { notification_id, additional_data: { booking_id, step, fate } }) => {
  if (fate !== undefined && (LIFTED === undefined || fate === '422')) {
    const key = `${target} ${notification_id}`;
    if (!refusedKeys.has(key)) {
      refusedKeys.add(key);
      writeSync(refused, `${JSON.stringify([target, notification_id, booking_id, step])}\n`);
    }
    return fate === 'reset' || fate === 'hang' ? fate : Number(fate);
  }
  writeSync(journal, `${JSON.stringify([target, notification_id, booking_id, step, Date.now()])}\n`);
  return 200;
};

/** The status of each; one that resets or hangs is met by all, also by those that are written down already. */
const takeAll = (target, notifications) => {
  const statuses = [];
  for (const notification of notifications) {
    const status = draw() < 0.01 || isUnsteady() ? 503 : take(target, notification);
    if (typeof status === 'string') return status;
    statuses.push(status);
  }
  return statuses;
};

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const fault = draw();
    if (fault < 0.01) return req.socket.resetAndDestroy();
    if (fault < 0.02 || isUnsteady()) return res.writeHead(503).end();
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const target = req.url.startsWith('/sales/') ? 'sales' : 'crm';
    const statuses = body.notifications === undefined ? [take(target, body)] : takeAll(target, body.notifications);
    if (statuses === 'reset' || statuses[0] === 'reset') return req.socket.resetAndDestroy();
    // One that hangs gets no response; the app's deadline is what ends it.
    if (statuses === 'hang' || statuses[0] === 'hang') return undefined;
    if (fault < 0.03) return req.socket.resetAndDestroy();
    // Half open: taken, and no response to it either.
    if (fault >= 0.032 && fault < 0.033) return undefined;
    const respond = () => {
      const isBatch = body.notifications !== undefined;
      const results = statuses.map((status, index) => ({ ...body.notifications?.[index], status }));
      const [status] = isBatch ? [200] : statuses;
      res.writeHead(status).end(JSON.stringify(isBatch ? { results } : { status: status < 300 ? 'success' : 'error' }));
    };
    if (fault < 0.032) return setTimeout(respond, 300);
    respond();
  });
});
server.listen(Number(CRM_PORT ?? 0), '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.once('disconnect', () => process.exit(0));
