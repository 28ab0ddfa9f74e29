// Starts an app with PM2, books all the time while PM2 reloads it twice, and prints what became of every booking:
// `node pm2-reload.cjs cluster`.

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { request } = require('node:http');
const { createServer } = require('node:net');
const { promisify } = require('node:util');
const { startFakeCrm } = require('express-crm-notifier/testing');

const run = promisify(execFile);
const mode = process.argv[2];

async function main() {
  const crm = await startFakeCrm();
  const port = await freePort();
  const env = {
    ...process.env,
    PM2_HOME: `${process.cwd()}/pm2-home`,
    PORT: String(port),
    CRM_BASE_URL: crm.url,
    CRM_AUTH_TOKEN: crm.token,
  };
  const pm2 = (...args) => run(process.execPath, [require.resolve('pm2/bin/pm2'), ...args], { env });
  const instances = mode === 'cluster' ? ['-i', '2'] : [];
  try {
    await pm2('start', 'pm2-app.cjs', '--name', 'app', ...instances, '--wait-ready', '--kill-timeout', '10000');

    const traffic = { isOver: false, made: [], failedCount: 0 };
    const clients = [1, 2, 3].map((client) => bookUntilOver(port, client * 1_000_000, traffic));
    await pm2('reload', 'app');
    await pm2('reload', 'app');
    traffic.isOver = true;
    await Promise.all(clients);

    const count = traffic.made.length;
    await crm.sent.waitFor({}, { count, timeoutMs: 60_000 }).catch(() => undefined);
    const arrived = new Set(crm.sent.all().map((sent) => sent.additional_data.booking_id));
    const lost = traffic.made.filter((id) => !arrived.has(id));
    const { failedCount } = traffic;
    console.log(JSON.stringify({ result: { count, failedCount, lost, duplicateCount: crm.sent.duplicates.length } }));
    const { stdout } = await pm2('logs', 'app', '--nostream', '--raw', '--lines', '1000');
    console.log(stdout);
  } finally {
    await pm2('kill');
    await crm.close();
  }
}

/**
 * One client: books, one request after the other, until the traffic is over. Each on a connection of its own: one that is kept
 * may be closed by the app in the instant in which it is used again.
 */
async function bookUntilOver(port, firstId, traffic) {
  for (let id = firstId; !traffic.isOver; id += 1) {
    const status = await post(port, { id }).catch(() => undefined);
    if (status === 201) traffic.made.push(id);
    else traffic.failedCount += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function post(port, body) {
  const headers = { 'content-type': 'application/json' };
  const sent = request({ host: '127.0.0.1', port, path: '/bookings', method: 'POST', headers, agent: false });
  sent.end(JSON.stringify(body));
  const [response] = await once(sent, 'response');
  await once(response.resume(), 'end');
  return response.statusCode;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

void main();
