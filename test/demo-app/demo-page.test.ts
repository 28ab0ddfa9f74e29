import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { DemoState } from '../../demo-app/booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../../demo-app/crm-service/create-crm-control.js';
import { eventually } from './eventually.js';
import { createPrograms } from './programs.js';
import type { Programs } from './programs.js';
import { startDemo } from './started-demo.js';
import type { StartedDemo } from './started-demo.js';

jest.setTimeout(120_000);

const ADA = { 'Content-Type': 'application/json', Authorization: 'Bearer demo-ada' };

let programs: Programs;
let demo: StartedDemo;

// One demo for all tests: each leaves the CRM in mode ok, and its inbox with more entries.
beforeAll(async () => {
  programs = createPrograms();
  demo = await startDemo(programs);
});

afterAll(async () => {
  await programs.end();
});

async function state(): Promise<DemoState> {
  return (await (await fetch(`${demo.app.url}/demo/state`)).json()) as DemoState;
}

async function inbox(): Promise<CrmInbox> {
  return (await (await fetch(`${demo.app.url}/demo/inbox`)).json()) as CrmInbox;
}

async function setMode(mode: string): Promise<Response> {
  return fetch(`${demo.app.url}/demo/crm`, { method: 'POST', headers: ADA, body: JSON.stringify({ mode }) });
}

async function book(sessionId: number): Promise<number> {
  const body = JSON.stringify({ session_id: sessionId });
  const response = await fetch(`${demo.app.url}/bookings`, { method: 'POST', headers: ADA, body });
  expect(response.status).toBe(201);
  return ((await response.json()) as { booking: { id: number } }).booking.id;
}

/** Like `inbox`, once it has this many and nothing is pending. */
function arrived(count: number): Promise<CrmInbox> {
  return eventually(`${count} notifications at the CRM`, async () => {
    const [{ stats }, now] = [await state(), await inbox()];
    return now.count >= count && stats.pending === 0 ? now : undefined;
  });
}

it("shows the notifier's dashboard to the facilitator only", async () => {
  const statusFor = async (password?: string): Promise<number> => {
    const headers = password === undefined ? {} : { Authorization: `Basic ${btoa(`someone:${password}`)}` };
    return (await fetch(`${demo.app.url}/dashboard/api/overview`, { headers })).status;
  };
  expect(await statusFor('demo-fay')).toBe(200);
  for (const password of [undefined, '', 'demo-ada', 'fay-demo-password']) expect(await statusFor(password)).toBe(401);
});

/** The status of a request with headers that `fetch` does not allow. */
async function statusOf(path: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  const sent = httpRequest(`${demo.app.url}${path}`, { method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test('the page and its files are served, and its policy allows nothing inline and nothing from other origins', async () => {
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/demo/page.js', 'text/javascript'],
    ['/demo/style.css', 'text/css'],
    ['/demo/icon.svg', 'image/svg+xml'],
  ] as const) {
    const response = await fetch(`${demo.app.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toContain(type);
    expect((await response.text()).length).toBeGreaterThan(100);
    const policy = response.headers.get('Content-Security-Policy');
    expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
    expect(policy).not.toContain('unsafe-inline');
  }
});

test('while the CRM is down its port refuses connections, bookings succeed, and its inbox can still be read', async () => {
  const before = await inbox();
  expect((await setMode('down')).status).toBe(200);
  await expect(fetch(`${demo.crm.url}/health`)).rejects.toThrow();
  expect(await inbox()).toEqual({ ...before, mode: 'down' });

  const first = await book(1);
  await fetch(`${demo.app.url}/bookings/${first}`, { method: 'DELETE', headers: ADA });
  const second = await book(2);
  const paused = await eventually('the pause', async () => {
    const now = await state();
    return now.pauseCause === null ? undefined : now;
  });
  expect(paused.pauseCause).toEqual({ kind: 'unreachable', code: 'ECONNREFUSED' });
  expect(paused).toMatchObject({ stats: { pending: 3 }, earlierCount: 0, furtherCount: 0 });
  expect(paused.waiting).toEqual([
    { id: expect.any(String), type: 'booking_created', lane: `booking:${first}`, attempts: expect.any(Number) },
    { id: expect.any(String), type: 'booking_cancelled', lane: `booking:${first}`, attempts: expect.any(Number) },
    { id: expect.any(String), type: 'booking_created', lane: `booking:${second}`, attempts: expect.any(Number) },
  ]);

  await setMode('ok');
  const { notifications, mode } = await arrived(before.count + 3);
  expect(mode).toBe('ok');
  const ofFirst = notifications.filter(({ booking_id }) => booking_id === first);
  expect(ofFirst.map(({ notification_type }) => notification_type)).toEqual(['booking_cancelled', 'booking_created']);
  expect(await state()).toMatchObject({ pauseCause: null, waiting: [] });
  expect((await fetch(`${demo.crm.url}/health`)).status).toBe(200);
});

test('a CRM that refuses the token pauses delivery, and the refused attempts are counted', async () => {
  const before = await inbox();
  await setMode('wrong-token');
  const id = await book(3);
  await eventually('a refused attempt', async () => {
    const { pauseCause, waiting } = await state();
    return pauseCause?.kind === 'unauthorised' && (waiting[0]?.attempts ?? 0) > 0 ? true : undefined;
  });
  await setMode('ok');
  const { notifications } = await arrived(before.count + 1);
  expect(notifications[0]).toMatchObject({ booking_id: id });
  expect(notifications[0]?.retry_count).toBeGreaterThan(0);
});

test('a slow CRM takes at least two seconds to respond, and takes nothing from a client that has disconnected', async () => {
  const before = await inbox();
  await setMode('slow');
  const startedAtMs = performance.now();
  await book(4);
  const bookedAfterMs = performance.now() - startedAtMs;
  await eventually('the attempt', async () => ((await state()).stats.inFlight === 1 ? true : undefined));
  await setMode('down');
  expect((await inbox()).count).toBe(before.count);
  await setMode('slow');
  await arrived(before.count + 1);
  expect(performance.now() - startedAtMs).toBeGreaterThan(2000);
  expect(bookedAfterMs).toBeLessThan(2000);
  await setMode('ok');
});

test('an unknown mode is refused, and changes nothing', async () => {
  expect((await setMode('sleepy')).status).toBe(400);
  expect((await inbox()).mode).toBe('ok');
});

test.each([
  ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.example' }],
  ['a page at another port of this machine', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:1' }],
  ['a browser that does not send Sec-Fetch-Site', { Origin: 'http://evil.example' }],
  ['a name that was pointed at this machine', { Host: 'evil.example' }],
])('%s may neither read nor switch nor kill', async (_case, headers) => {
  for (const path of ['/demo/state', '/demo/inbox']) expect(await statusOf(path, headers)).toBe(403);
  for (const path of ['/demo/crm', '/demo/kill']) expect(await statusOf(path, headers, 'POST')).toBe(403);
  expect((await state()).app.pid).toBe(demo.app.pid);
});

test('the page itself may be opened from another site, but not under another name', async () => {
  expect(await statusOf('/', { 'Sec-Fetch-Site': 'cross-site' })).toBe(200);
  expect(await statusOf('/', { Host: 'evil.example' })).toBe(403);
});

test('A17: the dashboard and the routes of the app are not served under another name', async () => {
  for (const path of ['/dashboard/', '/bookings', '/health']) {
    expect(await statusOf(path, { Host: 'evil.example', Authorization: ADA.Authorization })).toBe(403);
  }
});

test('the control of the CRM service requires its token', async () => {
  const port = await demo.supervisor.printed(/DEMO_CRM_CONTROL_PORT=(\d+)/);
  for (const path of ['inbox', 'mode']) expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status).toBe(401);
});

test('polling writes no log lines', async () => {
  await state();
  await inbox();
  await fetch(`${demo.app.url}/health`);
  await demo.supervisor.printed(/"path":"\/health"/);
  expect(demo.supervisor.output()).not.toMatch(/"path":"\/(demo\/)?(state|inbox)"/);
});

test('the app is killed by SIGKILL, comes back at the same port and finds what was pending', async () => {
  const before = await inbox();
  await setMode('down');
  await book(5);
  const response = await fetch(`${demo.app.url}/demo/kill`, { method: 'POST' });
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({ pid: demo.app.pid });
  programs.watch(Number(await demo.supervisor.printed(/The booking app is back, pid (\d+)/)));

  const after = await state();
  expect(after.app.pid).not.toBe(demo.app.pid);
  expect(after).toMatchObject({ stats: { pending: 1 }, earlierCount: 1, waiting: [] });
  await setMode('ok');
  expect((await arrived(before.count + 1)).notifications[0]).toMatchObject({ notification_type: 'booking_created' });
});

test('without a CRM process the state is still served, and the inbox responds 502', async () => {
  process.kill(demo.crm.pid, 'SIGKILL');
  await demo.supervisor.printed(/The CRM service has ended/);
  expect((await state()).stats.pending).toBe(0);
  const response = await fetch(`${demo.app.url}/demo/inbox`);
  expect(response.status).toBe(502);
  expect(await response.json()).toEqual({ error: 'The process of the CRM service does not respond' });
});
