import { once } from 'node:events';
import { createServer } from 'node:net';
import { arrived } from './crm-inbox.js';
import { createPrograms, gone, isRunning } from './programs.js';
import type { Programs } from './programs.js';
import { startDemo } from './started-demo.js';

jest.setTimeout(120_000);

let programs: Programs;

beforeEach(() => {
  programs = createPrograms();
});

afterEach(async () => {
  await programs.end();
});

/** Books the session as Ada, and returns the booking's id. */
async function book(appUrl: string, sessionId: number): Promise<number> {
  const response = await fetch(`${appUrl}/bookings`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer demo-ada' },
    body: JSON.stringify({ session_id: sessionId }),
  });
  expect(response.status).toBe(201);
  const { booking } = (await response.json()) as { booking: { id: number } };
  return booking.id;
}

async function cancel(appUrl: string, bookingId: number): Promise<void> {
  const response = await fetch(`${appUrl}/bookings/${bookingId}`, {
    method: 'DELETE',
    headers: { Authorization: 'Bearer demo-ada' },
  });
  expect(response.status).toBe(200);
}

test('bookings made while the CRM is down all reach it once it is back, each once and in order', async () => {
  const { supervisor, app, crm } = await startDemo(programs);
  const first = await book(app.url, 1);
  expect(await arrived(crm.url, 1)).toEqual([
    expect.objectContaining({ notification_type: 'booking_created', booking_id: first, user_id: 1 }),
  ]);

  process.kill(crm.pid, 'SIGKILL');
  await supervisor.printed(/The CRM service has ended \(SIGKILL\)\. The booking app goes on/);
  const bookingIds: number[] = [];
  for (let sessionId = 2; sessionId <= 11; sessionId++) bookingIds.push(await book(app.url, sessionId));
  for (const id of bookingIds) await cancel(app.url, id);

  const crmPort = new URL(crm.url).port;
  expect(supervisor.output()).toContain(`CRM_PORT=${crmPort} DEMO_DATA_DIR=${programs.dataDirectory} npm run demo:crm`);
  const secondCrm = programs.start('crm-service/main.ts', { CRM_PORT: crmPort });
  await secondCrm.printed(/listening at/);

  const notifications = await arrived(crm.url, 21);
  expect(new Set(notifications.map(({ notification_id }) => notification_id)).size).toBe(21);
  for (const id of bookingIds) {
    expect(
      notifications.filter(({ booking_id }) => booking_id === id).map(({ notification_type }) => notification_type),
    ).toEqual(['booking_created', 'booking_cancelled']);
  }

  process.kill(supervisor.pid, 'SIGINT');
  expect(await supervisor.ended).toBe(0);
  expect(supervisor.output()).toMatch(/"pending":0.*closed the notifier/);
  expect([app.pid, crm.pid].filter(isRunning)).toEqual([]);
  process.kill(secondCrm.pid, 'SIGTERM');
  expect(await secondCrm.ended).toBe(0);
});

test('what is pending when the demo stops reaches the CRM after the next start', async () => {
  const first = await startDemo(programs);
  process.kill(first.crm.pid, 'SIGTERM');
  await first.supervisor.printed(/The CRM service has ended \(exit code 0\)/);
  await book(first.app.url, 1);
  process.kill(first.supervisor.pid, 'SIGTERM');
  expect(await first.supervisor.ended).toBe(0);
  expect(first.supervisor.output()).toMatch(/"pending":1.*closed the notifier/);

  const second = await startDemo(programs);
  expect(await arrived(second.crm.url, 1)).toEqual([expect.objectContaining({ notification_type: 'booking_created' })]);
  process.kill(second.supervisor.pid, 'SIGINT');
  expect(await second.supervisor.ended).toBe(0);
});

test('the services end with the supervisor, even when it is killed', async () => {
  const { supervisor, app, crm } = await startDemo(programs);
  process.kill(supervisor.pid, 'SIGKILL');
  await gone(app.pid);
  await gone(crm.pid);
});

test('a booking app that is killed is restarted at the same port, and what it had accepted arrives', async () => {
  const { supervisor, app, crm } = await startDemo(programs);
  process.kill(crm.pid, 'SIGKILL');
  await supervisor.printed(/The CRM service has ended/);
  await book(app.url, 1);
  process.kill(app.pid, 'SIGKILL');
  await supervisor.printed(/The booking app was killed \(SIGKILL\)\. It starts again at the same port/);
  const second = Number(await supervisor.printed(/The booking app is back, pid (\d+)/));
  programs.watch(second);
  expect(second).not.toBe(app.pid);
  await book(app.url, 2);

  const secondCrm = programs.start('crm-service/main.ts', { CRM_PORT: new URL(crm.url).port });
  await secondCrm.printed(/listening at/);
  expect((await arrived(crm.url, 2)).map(({ notification_type }) => notification_type)).toEqual([
    'booking_created',
    'booking_created',
  ]);
  process.kill(second, 'SIGTERM');
  expect(await supervisor.ended).toBe(1);
  process.kill(secondCrm.pid, 'SIGTERM');
  expect(await secondCrm.ended).toBe(0);
});

test('without its booking app the demo ends with exit code 1', async () => {
  const { supervisor, app, crm } = await startDemo(programs);
  process.kill(app.pid, 'SIGTERM');
  expect(await supervisor.ended).toBe(1);
  expect(supervisor.output()).toContain('The booking app has ended unexpectedly (exit code 0)');
  expect(isRunning(crm.pid)).toBe(false);
});

test('the start fails if a configured port is taken; a default port is replaced by a free one', async () => {
  const other = createServer().listen(5001, '127.0.0.1');
  // Another process may already have the port; it only has to be taken.
  await Promise.race([once(other, 'listening'), once(other, 'error').catch(() => undefined)]);
  try {
    const refused = programs.start('start.ts', { CRM_PORT: '5001' });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain('Port 5001 (CRM_PORT) is taken');

    const { supervisor } = await startDemo(programs, { CRM_PORT: undefined });
    expect(supervisor.output()).toMatch(/^CRM service .*port 5001 is taken/m);
    process.kill(supervisor.pid, 'SIGINT');
    expect(await supervisor.ended).toBe(0);
  } finally {
    other.close();
  }
});

test('an invalid port is refused, and --help prints the usage', async () => {
  const refused = programs.start('start.ts', { DEMO_PORT: 'http' });
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toBe('DEMO_PORT must be a port from 0 (any free one) to 65535, not "http".\n');

  for (const script of ['start.ts', 'manual-test.ts']) {
    const help = programs.start(script, {}, ['--help']);
    expect(await help.ended).toBe(0);
    expect(help.output()).toMatch(/^Usage: npm run demo.*CRM_AUTH_TOKEN/s);
  }
});
