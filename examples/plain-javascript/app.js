import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { afterBooking, afterEvent, createNotifier } from 'express-crm-notifier';
import { crmDashboard } from 'express-crm-notifier/dashboard';

const crm = createNotifier(); // CRM_BASE_URL, CRM_AUTH_TOKEN, … from the environment
await crm.ready(); // do not start without an outbox

const app = express();
app.use(express.json());
app.use(crm.middleware()); // puts res.locals.crm on every request

let lastBookingId = 455;

app.post('/bookings', afterBooking('created'), (req, res) => {
  const { userId = 123, sessionId = 789 } = req.body ?? {};
  lastBookingId += 1;
  res.status(201).json({ booking: { id: lastBookingId, userId, sessionId } });
});

app.put('/events/:id', afterEvent('updated'), (req, res) => {
  res.json({ event: { id: Number(req.params.id), userId: 123 } });
});

const password = process.env.DASHBOARD_PASSWORD ?? randomUUID();
const digest = (text) => createHash('sha256').update(text).digest();
const expected = digest(`Basic ${Buffer.from(`operator:${password}`).toString('base64')}`);
app.use(
  '/crm',
  crmDashboard(crm, {
    authorize: (req) => timingSafeEqual(digest(req.headers.authorization ?? ''), expected),
    wwwAuthenticate: 'Basic realm="CRM", charset="UTF-8"',
  }),
);

const server = app.listen(process.env.PORT ?? 3000, () => {
  const url = `http://localhost:${server.address().port}`;
  console.log(`The app is at ${url}`);
  if (!process.env.DASHBOARD_PASSWORD) console.log(`Dashboard: ${url}/crm/, user operator, password ${password}`);
});

function stop() {
  server.close(async () => {
    const { pending } = await crm.close();
    console.log(`Stopped; ${pending} notifications wait for the next start`);
  });
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
