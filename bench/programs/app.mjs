/**
 * The app of every variant: Express 5, JSON in, JSON out, and a sender that tells the collector of each booking. Which one
 * the variable SENDER says; OPTIONS holds its options as JSON.
 */
import express from 'express';

const { SENDER, OPTIONS = '{}', COLLECTOR, DIRECTORY } = process.env;
const { createSender } = await import(`../senders/${SENDER}.mjs`);
const sender = await createSender({ url: COLLECTOR, directory: DIRECTORY, ...JSON.parse(OPTIONS) });

const app = express();
app.disable('x-powered-by');
app.use(express.json());
for (const middleware of sender.middleware ?? []) app.use(middleware);

let bookings = 0;
const createBooking = (req) => {
  bookings += 1;
  const { userId, sessionId } = req.body;
  return { booking: { id: bookings, userId, sessionId, status: 'confirmed', createdAt: new Date().toISOString() } };
};
app.post(
  '/bookings',
  ...(sender.hooks ?? []),
  sender.handler?.(createBooking) ??
    ((req, res) => {
      res.status(201).json(createBooking(req));
    }),
);

let peakBytes = 0;
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20).unref();

/** Once nobody is connected: then nothing is booked any more. */
const whenLeft = (resolve) =>
  server.getConnections((_error, count) => {
    if (count === 0) resolve();
    else setTimeout(whenLeft, 5, resolve);
  });

const actions = {
  left: () => new Promise(whenLeft),
  bookings: () => bookings,
  memory: () => {
    const peak = Math.max(peakBytes, process.memoryUsage.rss());
    peakBytes = 0;
    return peak;
  },
  // So that what an earlier round left behind is not this one's.
  collectGarbage: () => globalThis.gc?.(),
  close: () => sender.close?.(),
  ...sender.actions,
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));

const server = app.listen(0, '127.0.0.1', () => {
  process.send({ ready: { port: server.address().port } });
});
