/**
 * The CRM of the audit: writes each notification to a file before it answers, in the order of arrival, and asks nothing
 * more of it. With FAULTS it now and then resets a connection before or after it has written, answers 503, is slow, or does
 * not answer at all; with UNSTEADY it only answers 503 now and then.
 *
 * A notification may carry its fate, which is the same each time it comes: the CRM resets the connection, hangs, answers
 * 401 or 403, or 422. With LIFTED only the last is left. What it has not taken is written to another file, once.
 * Variables: CRM_PORT, JOURNAL, REFUSED, FAULTS, UNSTEADY, LIFTED.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';

const { CRM_PORT, JOURNAL, REFUSED, FAULTS, UNSTEADY, LIFTED } = process.env;
const journal = openSync(JOURNAL, 'a');
const refused = openSync(REFUSED, 'a');
const refusedIds = new Set();

const meetFate = (fate, req, res) => {
  if (fate === 'reset') req.socket.resetAndDestroy();
  // One that hangs is never answered; the app's deadline is what ends it.
  else if (fate !== 'hang') res.writeHead(Number(fate)).end('{"status":"error"}');
};

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const fault = FAULTS === undefined ? 1 : Math.random();
    if (fault < 0.01) return req.socket.resetAndDestroy();
    if (fault < 0.02 || (UNSTEADY !== undefined && Math.random() < 0.03)) return res.writeHead(503).end();
    const { notification_id, additional_data } = JSON.parse(Buffer.concat(chunks).toString());
    const { booking_id, step, fate } = additional_data;
    if (fate !== undefined && (LIFTED === undefined || fate === '422')) {
      if (!refusedIds.has(notification_id)) {
        refusedIds.add(notification_id);
        writeSync(refused, `${JSON.stringify([notification_id, booking_id, step])}\n`);
      }
      return meetFate(fate, req, res);
    }
    writeSync(journal, `${JSON.stringify([notification_id, booking_id, step, Date.now()])}\n`);
    if (fault < 0.03) return req.socket.resetAndDestroy();
    if (fault < 0.032) return setTimeout(() => res.end('{"status":"success"}'), 300);
    // Half open: taken, and never answered; the app's deadline is what ends it.
    if (fault < 0.033) return undefined;
    res.end('{"status":"success"}');
  });
});
server.listen(Number(CRM_PORT ?? 0), '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.once('disconnect', () => process.exit(0));
