/**
 * The receiver of every sender: counts what arrives and does nothing else, so that it is never what limits anybody. It
 * takes our own form, also in batches, and the batches of those that send batches. Ids are in the body.
 * Told by messages: `count` answers what has arrived since the last `reset`, `arrivals` when each did first, by the machine's
 * monotonic clock in milliseconds; `down` and `up` end and start it.
 */
import { createServer } from 'node:http';

let arrivals = 0;
let ids = new Map();
let firstAt;
const sockets = new Set();

const note = (id) => {
  arrivals += 1;
  firstAt ??= performance.timeOrigin + performance.now();
  if (!ids.has(id)) ids.set(id, Number(process.hrtime.bigint()) / 1e6);
};

/** Of our own form: finds each id in the text, which takes less time than to parse it. */
const noteBookings = (text) => {
  for (let at = text.indexOf(bookingKey); at !== -1; at = text.indexOf(bookingKey, at)) {
    at += bookingKey.length;
    note(text.slice(at, text.indexOf(',', at)));
  }
};
const bookingKey = '"booking_id":';

/** The result of each notification of a batch, as docs/wire-format.md has it. */
const resultsFor = (text) => {
  const results = [];
  for (let at = text.indexOf(idKey); at !== -1; at = text.indexOf(idKey, at)) {
    at += idKey.length;
    results.push(`{"notification_id":"${text.slice(at, at + 36)}","status":200}`);
  }
  return `{"results":[${results.join(',')}]}`;
};
const idKey = '"notification_id":"';

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const text = Buffer.concat(chunks).toString();
    const isBatch = req.url === '/notify/batch';
    if (req.url === '/notify' || isBatch) {
      noteBookings(text);
    } else if (text !== '') {
      for (const { properties } of JSON.parse(text).batch ?? []) note(String(properties.booking_id));
    }
    res.setHeader('content-type', 'application/json');
    res.end(isBatch ? resultsFor(text) : '{"status":"success"}');
  });
});
server.keepAliveTimeout = 60_000;
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});

let port = 0;
const up = () =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      port = server.address().port;
      resolve();
    });
  });
const down = () =>
  new Promise((resolve) => {
    server.close(resolve);
    for (const socket of sockets) socket.destroy();
  });

const actions = {
  count: () => ({ arrivals, distinct: ids.size, firstAt }),
  reset: () => {
    arrivals = 0;
    ids = new Map();
    firstAt = undefined;
  },
  arrivals: () => [...ids],
  up,
  down,
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));
await up();
process.send({ ready: { port } });
