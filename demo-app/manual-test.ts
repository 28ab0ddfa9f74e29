import { randomUUID } from 'node:crypto';
import { CRMNotificationService } from 'express-crm-notifier';
import { pino } from 'pino';
import { z } from 'zod';
import { runMain } from './runtime/run-main.js';
import { readCrmAuthToken } from './runtime/settings.js';

const USAGE = `Usage: npm run demo:check [-- --help]

Sends one notification of each kind to a running CRM and shows which of them it has.
Exit code 0 if everything worked, 1 if not.

Variables:
  CRM_BASE_URL    where the CRM is (http://localhost:5001)
  CRM_AUTH_TOKEN  its token        (your-secret-token)`;

const LIST_TIMEOUT_MS = 10_000;

const listing = z.object({
  notifications: z.array(
    z.object({
      notification_type: z.string().nullable(),
      message: z.string().nullable(),
      additional_data: z.looseObject({}),
    }),
  ),
});

/** Runs one step and prints its line. Returns whether it worked. */
async function check(step: string, run: () => Promise<string>): Promise<boolean> {
  try {
    console.log(`✓ ${step}: ${await run()}`);
    return true;
  } catch (error) {
    console.log(`✗ ${step}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** Lists the CRM's notifications that have this mark. */
async function listMarked(baseUrl: string, mark: string): Promise<string> {
  const response = await fetch(`${baseUrl}/notifications?limit=100`, {
    headers: { Authorization: `Bearer ${readCrmAuthToken(process.env)}` },
    signal: AbortSignal.timeout(LIST_TIMEOUT_MS),
  });
  // Only the demo's CRM has this route; another CRM does not have to list its notifications.
  if ([404, 405, 501].includes(response.status)) return 'this CRM has no GET /notifications to show them with';
  if (!response.ok) throw new Error(`GET /notifications responded ${response.status}`);

  const list = listing.safeParse(await response.json());
  if (!list.success) return 'this CRM lists its notifications in a form of its own';
  const ours = list.data.notifications.filter(({ additional_data }) => additional_data['manual_test'] === mark);
  if (ours.length !== 3) throw new Error(`sent 3, the CRM has ${ours.length} of them`);
  const lines = ours.map(({ notification_type, message }) => `\n    ${notification_type}: ${message}`);
  return `all ${lines.length} of them${lines.join('')}`;
}

async function manualTest(): Promise<boolean> {
  const baseUrl = (process.env['CRM_BASE_URL'] || 'http://localhost:5001').replace(/\/+$/, '');
  const mark = randomUUID();
  // Silent, because each check prints its own line.
  await using service = new CRMNotificationService({ logger: pino({ level: 'silent' }) });

  const results = [
    await check('Connection', async () => {
      if (!(await service.testConnection())) throw new Error(`no healthy CRM responds at ${baseUrl}/health`);
      return `${baseUrl} is healthy`;
    }),
    await check('General notification', async () => {
      const reply = await service.sendNotification({
        notificationType: 'user_registered',
        userId: 123,
        message: 'New user registered',
        additionalData: { manual_test: mark },
      });
      return JSON.stringify(reply);
    }),
    await check('Booking notification', async () => {
      const reply = await service.sendBookingNotification({
        bookingId: 456,
        userId: 123,
        sessionId: 789,
        action: 'created',
        additionalData: { session_name: 'Yoga Class', manual_test: mark },
      });
      return JSON.stringify(reply);
    }),
    await check('Event notification', async () => {
      const reply = await service.sendEventNotification({
        eventId: 101,
        userId: 123,
        action: 'created',
        additionalData: { event_name: 'Summer Festival', manual_test: mark },
      });
      return JSON.stringify(reply);
    }),
    await check('What the CRM has', () => listMarked(baseUrl, mark)),
  ];
  return results.every(Boolean);
}

if (process.argv.includes('--help')) console.log(USAGE);
else {
  await runMain(async () => {
    process.exitCode = (await manualTest()) ? 0 : 1;
  });
}
