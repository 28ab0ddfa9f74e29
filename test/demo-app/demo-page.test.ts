import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { SnapshotChanges } from '../../demo-app/supervisor/snapshot-changes.js';
import type { DemoSnapshot } from '../../demo-app/supervisor/read-snapshot.js';
import type { Stats } from '../../src/index.js';
import { arrived, inbox } from './crm-inbox.js';
import { eventually } from './eventually.js';
import { openPageStream, readSnapshot, snapshotWhere } from './page-stream.js';
import { createPrograms } from './programs.js';
import type { Programs } from './programs.js';
import { startDemo } from './started-demo.js';
import type { StartedDemo } from './started-demo.js';

jest.setTimeout(120_000);

const ADA = { 'Content-Type': 'application/json', Authorization: 'Bearer demo-ada' };
const FAY = { 'Content-Type': 'application/json', Authorization: 'Bearer demo-fay' };

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

function post(path: string, body: object, headers: Record<string, string> = ADA): Promise<Response> {
  return fetch(`${demo.pageUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

function setMode(mode: string): Promise<Response> {
  return post('/demo/crm', { mode });
}

async function book(sessionId: number): Promise<number> {
  const response = await post('/apps/1/bookings', { session_id: sessionId });
  expect(response.status).toBe(201);
  return ((await response.json()) as { booking: { id: number } }).booking.id;
}

function snapshot(): Promise<DemoSnapshot> {
  return readSnapshot(demo.pageUrl);
}

function whenAllArrived(): Promise<DemoSnapshot> {
  return snapshotWhere(demo.pageUrl, 'nothing is pending', ({ outbox }) => outbox.pending === 0);
}

/** The status of a request with headers that `fetch` does not allow. */
async function statusOf(url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  const sent = httpRequest(url, { method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.destroy();
  return response.statusCode;
}

it("shows the notifier's dashboard to the facilitator only", async () => {
  const statusFor = async (password?: string): Promise<number> => {
    const headers = password === undefined ? {} : { Authorization: `Basic ${btoa(`someone:${password}`)}` };
    return (await fetch(`${demo.app.url}/dashboard/api/overview`, { headers })).status;
  };
  expect(await statusFor('demo-fay')).toBe(200);
  for (const password of [undefined, '', 'demo-ada', 'fay-demo-password']) expect(await statusFor(password)).toBe(401);
});

test('the page and its files are served, and its policy allows nothing inline and nothing from other origins', async () => {
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/demo/page.js', 'text/javascript'],
    ['/demo/style.css', 'text/css'],
    ['/demo/icon.svg', 'image/svg+xml'],
  ] as const) {
    const response = await fetch(`${demo.pageUrl}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toContain(type);
    expect((await response.text()).length).toBeGreaterThan(100);
    const policy = response.headers.get('Content-Security-Policy');
    expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
    expect(policy).not.toContain('unsafe-inline');
  }
});

test('the page gets everything once, and then only what changes, in small messages', async () => {
  const stream = await openPageStream(demo.pageUrl);
  try {
    expect(stream.contentType).toBe('text/event-stream');
    const first = JSON.parse(await stream.next()) as SnapshotChanges;
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining(['apps', 'members', 'sessions', 'events', 'delivery', 'outbox', 'crm', 'arrivals']),
    );
    const id = await book(12);
    let size = 0;
    const names = new Set<string>();
    let arrivals: SnapshotChanges['arrivals'];
    while (!arrivals) {
      const text = await stream.next();
      size += text.length;
      const changes = JSON.parse(text) as SnapshotChanges;
      for (const name of Object.keys(changes)) names.add(name);
      arrivals = changes.arrivals;
      if (arrivals) expect(changes.areArrivalsNew).toBe(true);
    }
    expect(arrivals).toMatchObject([{ lane: `booking:${id}`, type: 'booking_created', retryCount: 0 }]);
    expect([...names]).toEqual(expect.arrayContaining(['members', 'sessions', 'crm']));
    for (const unchanged of ['apps', 'events', 'facilitator']) expect([...names]).not.toContain(unchanged);
    expect(size).toBeLessThan(6000);
  } finally {
    stream.close();
  }
});

test('while the CRM is down its port refuses connections, bookings succeed, and probes that were never sent count as nothing', async () => {
  const before = await whenAllArrived();
  expect((await setMode('down')).status).toBe(200);
  await expect(fetch(`${demo.crm.url}/health`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });

  const id = await book(1);
  const down = await snapshotWhere(demo.pageUrl, 'the pause', ({ delivery }) => delivery?.pauseCause !== null);
  expect(down).toMatchObject({
    delivery: { pauseCause: { kind: 'unreachable', code: 'ECONNREFUSED' } },
    crm: { mode: 'down', count: before.crm?.count },
    outbox: {
      pending: 1,
      entries: [{ lane: `booking:${id}`, type: 'booking_created', attempts: 0, state: 'pending' }],
    },
  });
  expect(down.crm?.knownBookings).not.toContain(id);
  const unsent = down.delivery?.unsent ?? 0;
  await snapshotWhere(demo.pageUrl, 'two probes', ({ delivery }) => (delivery?.unsent ?? 0) >= unsent + 2);

  expect((await setMode('ok')).status).toBe(200);
  // The supervisor reads the outbox itself, but hears from the app that delivery continues, which can be later.
  const after = await snapshotWhere(
    demo.pageUrl,
    'nothing is pending and delivery continues',
    ({ outbox, delivery }) => outbox.pending === 0 && delivery?.pauseCause === null,
  );
  expect(after.arrivals[0]).toMatchObject({ lane: `booking:${id}`, retryCount: 0 });
  expect(after.crm?.knownBookings).toContain(id);
  expect(after.delivery).toMatchObject({ retried: before.delivery?.retried, pauseCause: null });
});

test('a CRM that rejects the token pauses delivery, and the rejected attempts are counted', async () => {
  await setMode('wrong-token');
  const id = await book(3);
  await snapshotWhere(
    demo.pageUrl,
    'a rejected attempt',
    ({ delivery, outbox }) => delivery?.pauseCause?.kind === 'unauthorised' && (outbox.entries[0]?.attempts ?? 0) > 0,
  );
  await setMode('ok');
  const { arrivals } = await whenAllArrived();
  expect(arrivals[0]).toMatchObject({ lane: `booking:${id}` });
  expect(arrivals[0]?.retryCount).toBeGreaterThan(0);
});

test('a CRM that rejects the notification makes a dead letter, which arrives once it is fixed and redelivered', async () => {
  await setMode('rejecting');
  const id = await book(5);
  const rejected = await snapshotWhere(demo.pageUrl, 'a dead letter', ({ outbox }) => outbox.dead === 1);
  expect(rejected.outbox).toMatchObject({
    pending: 0,
    entries: [{ lane: `booking:${id}`, type: 'booking_created', state: 'dead' }],
  });
  expect(rejected.crm?.knownBookings).not.toContain(id);
  // The CRM can still be asked what it has.
  expect((await inbox(demo.crm.url)).map(({ booking_id }) => booking_id)).not.toContain(id);

  await setMode('ok');
  const redelivered = await post('/demo/redeliver', {});
  expect([redelivered.status, await redelivered.json()]).toEqual([200, { count: 1 }]);
  const fixed = await snapshotWhere(demo.pageUrl, 'the booking', ({ crm }) => crm?.knownBookings.includes(id) === true);
  expect(fixed.outbox).toMatchObject({ pending: 0, dead: 0, entries: [] });
});

test('an event is edited by its facilitator, and the CRM is notified', async () => {
  const edit = async (headers: Record<string, string>): Promise<number> => {
    const body = JSON.stringify({ title: 'Wellness Weekend', start_date: '2026-12-05' });
    return (await fetch(`${demo.pageUrl}/apps/1/events/1`, { method: 'PUT', headers, body })).status;
  };
  expect(await edit(ADA)).toBe(403);
  expect(await edit(FAY)).toBe(200);
  const after = await snapshotWhere(demo.pageUrl, 'the event', ({ arrivals }) => arrivals[0]?.lane === 'event:1');
  expect(after.arrivals[0]).toMatchObject({ type: 'event_updated' });
  expect(after.events[0]).toMatchObject({ id: 1, title: 'Wellness Weekend' });
});

test('what the CRM has is known, however many notifications it has got since', async () => {
  const id = await book(7);
  await whenAllArrived();
  const before = (await inbox(demo.crm.url)).length;
  for (let number = 0; number < 250; number += 1) {
    const notification = {
      notification_id: `later-${number}`,
      notification_type: 'user_registered',
      user_id: number + 1,
      message: 'Later',
      timestamp: new Date().toISOString(),
      additional_data: {},
    };
    const response = await fetch(`${demo.crm.url}/notify`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer your-secret-token' },
      body: JSON.stringify(notification),
    });
    expect(response.status).toBeLessThan(300);
  }
  const after = await snapshot();
  expect(after.crm).toMatchObject({ count: before + 250 });
  expect(after.crm?.knownBookings).toContain(id);
  expect(after.arrivals.map(({ lane }) => lane)).not.toContain(`booking:${id}`);
});

test('a slow CRM takes at least two seconds to respond, and takes nothing from a client that has disconnected', async () => {
  const before = await snapshot();
  await setMode('slow');
  const startedAtMs = performance.now();
  const id = await book(4);
  const bookedAfterMs = performance.now() - startedAtMs;
  await eventually('the attempt', async () => {
    const { inFlight } = (await (await fetch(`${demo.app.url}/crm/stats`, { headers: FAY })).json()) as Stats;
    return inFlight === 1 || undefined;
  });
  await setMode('down');
  expect((await snapshot()).crm?.count).toBe(before.crm?.count);
  await setMode('slow');
  await snapshotWhere(demo.pageUrl, 'the booking', ({ crm }) => crm?.knownBookings.includes(id) === true);
  expect(performance.now() - startedAtMs).toBeGreaterThan(2000);
  expect(bookedAfterMs).toBeLessThan(2000);
  await setMode('ok');
});

test('an unknown mode is refused, and changes nothing', async () => {
  expect((await setMode('sleepy')).status).toBe(400);
  expect((await snapshot()).crm?.mode).toBe('ok');
});

test.each([
  ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://evil.example' }],
  ['a page at another port of this machine', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:1' }],
  ['a browser that does not send Sec-Fetch-Site', { Origin: 'http://evil.example' }],
  ['a name that was pointed at this machine', { Host: 'evil.example' }],
])('%s may neither read nor switch nor redeliver nor kill', async (_case, headers) => {
  expect(await statusOf(`${demo.pageUrl}/demo/stream`, headers)).toBe(403);
  for (const path of ['/demo/crm', '/demo/kill', '/demo/redeliver', '/apps/1/bookings']) {
    expect(await statusOf(`${demo.pageUrl}${path}`, headers, 'POST')).toBe(403);
  }
  expect(await statusOf(`${demo.app.url}/demo/state`, headers)).toBe(403);
  expect(await statusOf(`${demo.app.url}/demo/redeliver`, headers, 'POST')).toBe(403);
  expect((await snapshot()).apps[0]?.process?.pid).toBe(demo.app.pid);
});

test('the page itself may be opened from another site, but not under another name', async () => {
  expect(await statusOf(`${demo.pageUrl}/`, { 'Sec-Fetch-Site': 'cross-site' })).toBe(200);
  expect(await statusOf(`${demo.pageUrl}/`, { Host: 'evil.example' })).toBe(403);
});

test('A17: the dashboard and the routes of the app are not served under another name', async () => {
  for (const path of ['/dashboard/', '/bookings', '/health']) {
    const headers = { Host: 'evil.example', Authorization: ADA.Authorization };
    expect(await statusOf(`${demo.app.url}${path}`, headers)).toBe(403);
  }
});

test('the control of the CRM service requires its token', async () => {
  const port = await demo.supervisor.printed(/DEMO_CRM_CONTROL_PORT=(\d+)/);
  for (const path of ['inbox', 'mode']) expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status).toBe(401);
});

test('what the supervisor reads writes no log lines', async () => {
  await snapshot();
  await fetch(`${demo.app.url}/health`);
  await demo.supervisor.printed(/"path":"\/health"/);
  expect(demo.supervisor.output()).not.toMatch(/"path":"\/(demo\/)?(state|inbox|stream)"/);
});

test('while the app is dead the page shows what is in the outbox, and the same once it is back; it cannot be killed twice', async () => {
  const before = await inbox(demo.crm.url);
  await setMode('down');
  const ids = [await book(9), await book(11)];
  const waiting = await snapshotWhere(demo.pageUrl, 'both', ({ outbox }) => outbox.pending === 2);
  expect(waiting.outbox.entries.map(({ lane }) => lane)).toEqual(ids.map((id) => `booking:${id}`));

  const stream = await openPageStream(demo.pageUrl);
  await stream.next();
  const response = await post('/demo/kill', {});
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({ pid: demo.app.pid });
  const dead = await stream.until(({ apps }) => apps?.[0]?.process === null);
  // It is the same connection, and nothing but the app is gone.
  expect(dead).toMatchObject({ delivery: null });
  expect(dead).not.toHaveProperty('outbox');
  const whileDead = await snapshot();
  expect(whileDead.apps).toMatchObject([{ process: null, leadsSince: null }]);
  expect(whileDead.outbox.entries).toEqual(waiting.outbox.entries);
  expect((await post('/demo/kill', {})).status).toBe(503);
  expect((await post('/apps/1/bookings', { session_id: 2 })).status).toBe(502);

  programs.watch(Number(await demo.supervisor.printed(/The booking app is back, pid (\d+)/)));
  const after = await snapshotWhere(demo.pageUrl, 'the app', ({ apps }) => apps[0]?.leadsSince !== null);
  stream.close();
  expect(after.apps[0]?.process?.pid).not.toBe(demo.app.pid);
  expect(after.outbox.entries).toEqual(waiting.outbox.entries);
  await setMode('ok');
  const last = (await arrived(demo.crm.url, before.length + 2)).slice(-2);
  expect(last.map(({ booking_id }) => booking_id)).toEqual(ids);
});

test('without a CRM process the rest is still shown', async () => {
  process.kill(demo.crm.pid, 'SIGKILL');
  await demo.supervisor.printed(/The CRM service has ended/);
  const without = await snapshot();
  expect(without).toMatchObject({ crm: null, outbox: { pending: 0 } });
  expect(without.arrivals.length).toBeGreaterThan(0);
  const response = await setMode('ok');
  expect(response.status).toBe(502);
  expect(await response.json()).toEqual({ error: 'The process of the CRM service does not respond' });
});
