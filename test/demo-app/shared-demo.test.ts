import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { makeDemoDatabase } from '../../demo-app/supervisor/demo-database.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOnOwnPostgres, useOwnPostgres } from '../helpers/use-postgres.js';
import { arrived } from './crm-inbox.js';
import { eventually } from './eventually.js';
import { readSnapshot } from './page-stream.js';
import { createPrograms, gone, isRunning } from './programs.js';
import type { Programs } from './programs.js';
import { startSharedDemo } from './started-demo.js';
import type { StartedSharedDemo } from './started-demo.js';

jest.setTimeout(180_000);

const ADA = { 'Content-Type': 'application/json', Authorization: 'Bearer demo-ada' };

describeOnOwnPostgres('the demo with --postgres', () => {
  const temporary = useTempDirectory();
  const startServer = useOwnPostgres();
  let programs: Programs;

  beforeEach(() => {
    programs = createPrograms();
    // As /tmp is: when this is root, the server and its guard run as another user.
    chmodSync(temporary(), 0o1777);
  });
  afterEach(async () => {
    await programs.end();
  });

  /** Its temporary files are in a directory of this test. */
  function start(environment: NodeJS.ProcessEnv = {}): Promise<StartedSharedDemo> {
    return startSharedDemo(programs, { TMPDIR: temporary(), ...environment });
  }

  /** What the demo itself has in the directory for temporary files. */
  function temporaryFiles(): string[] {
    return readdirSync(temporary()).filter((name) => name.startsWith('crm-'));
  }

  function postgresPid(): number {
    const directory = temporaryFiles().find((name) => name.startsWith('crm-postgres-')) ?? '';
    return Number(readFileSync(join(temporary(), directory, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  it('delivers everything once and in order when the leader is killed, and the killed app comes back', async () => {
    const demo = await start();
    const { supervisor, pageUrl, apps, crm } = demo;
    const server = postgresPid();
    const first = await leaderOf(pageUrl);
    const other = first === 1 ? 2 : 1;
    expect(first).toBe(1);

    await setMode(pageUrl, 'down');
    const ids: number[] = [];
    for (const sessionId of [1, 3, 5, 7, 9, 11]) ids.push(await book(pageUrl, 1 + (ids.length % 2), sessionId));
    // Each booking is cancelled at the app where it was not made.
    for (const [index, id] of ids.entries()) expect(await cancel(pageUrl, 2 - (index % 2), id)).toBe(200);
    expect(await readSnapshot(pageUrl)).toMatchObject({ outbox: { pending: 12 } });

    const killed = await fetch(`${pageUrl}/demo/kill`, { method: 'POST' });
    expect(killed.status).toBe(202);
    expect(await killed.json()).toEqual({ pid: apps[0].pid });
    ids.push(await book(pageUrl, other, 2));
    expect((await requestBooking(pageUrl, first, 4)).status).toBe(502);
    await eventually('the other app leads', async () => ((await leaderOf(pageUrl)) === other ? true : undefined));
    expect(isRunning(apps[0].pid)).toBe(false);

    await setMode(pageUrl, 'ok');
    const notifications = await arrived(crm.url, 13);
    expect(new Set(notifications.map(({ notification_id }) => notification_id)).size).toBe(13);
    for (const [index, id] of ids.entries()) {
      expect(
        notifications.filter(({ booking_id }) => booking_id === id).map(({ notification_type }) => notification_type),
      ).toEqual(index < 6 ? ['booking_created', 'booking_cancelled'] : ['booking_created']);
    }

    const pid = Number(await supervisor.printed(/App 1 is back, pid (\d+)/));
    programs.watch(pid);
    expect(pid).not.toBe(apps[0].pid);
    await book(pageUrl, first, 6);
    await arrived(crm.url, 14);
    expect(await leaderOf(pageUrl)).toBe(other);

    process.kill(supervisor.pid, 'SIGINT');
    expect(await supervisor.ended).toBe(0);
    expect([pid, apps[1].pid, crm.pid, server].filter(isRunning)).toEqual([]);
    expect(temporaryFiles()).toEqual([]);
  });

  it('leaves nothing behind when it is killed, even with notifications pending', async () => {
    const { supervisor, pageUrl, apps, crm } = await start();
    const server = postgresPid();
    await setMode(pageUrl, 'down');
    await book(pageUrl, 2, 1);
    process.kill(supervisor.pid, 'SIGKILL');
    for (const pid of [...apps.map((app) => app.pid), crm.pid, server]) await gone(pid);
    await eventually('the files are gone', () => temporaryFiles().length === 0 || undefined);
  });

  it('makes a database in the PostgreSQL at DEMO_POSTGRES_URL, and drops it', async () => {
    const { url } = await startServer();
    const before = await databasesAt(url);
    const { supervisor, pageUrl, crm } = await start({ DEMO_POSTGRES_URL: url });
    expect(await databasesAt(url)).toHaveLength(before.length + 1);
    expect(temporaryFiles().filter((name) => name.startsWith('crm-postgres-'))).toEqual([]);
    await book(pageUrl, 2, 1);
    await arrived(crm.url, 1);
    process.kill(supervisor.pid, 'SIGTERM');
    expect(await supervisor.ended).toBe(0);
    expect(await databasesAt(url)).toEqual(before);
  });

  it("relays bookings of the demo's own page only, and only to its apps", async () => {
    const { pageUrl, apps } = await start();
    const elsewhere = { ...ADA, Origin: 'http://evil.example' };
    const body = JSON.stringify({ session_id: 1 });
    for (const path of ['/apps/1/bookings', '/demo/kill', '/demo/crm']) {
      const response = await fetch(`${pageUrl}${path}`, { method: 'POST', headers: elsewhere, body });
      expect(response.status).toBe(403);
    }
    expect((await requestBooking(pageUrl, 3, 1)).status).toBe(404);
    expect((await fetch(`${pageUrl}/apps/1/bookings`)).status).toBe(401);
    expect((await requestBooking(pageUrl, 1, 999)).status).toBe(404);
    expect(apps.every(({ pid }) => isRunning(pid))).toBe(true);
  });
});

describe('the demo with --postgres, without a PostgreSQL', () => {
  let programs: Programs;
  beforeEach(() => {
    programs = createPrograms();
  });
  afterEach(async () => {
    await programs.end();
  });

  it('says how to get one', async () => {
    const made = makeDemoDatabase({}, () => undefined);
    await expect(made).rejects.toThrow(/apt-get install postgresql.*PG_BIN=.*compose\.yaml.*DEMO_POSTGRES_URL=/s);
  });

  it.each([
    [{ PG_BIN: '/nowhere' }, /^PG_BIN is \/nowhere, where initdb or postgres is missing/],
    [{ DEMO_POSTGRES_URL: 'postgres://secret@127.0.0.1:9/x' }, /at DEMO_POSTGRES_URL \(ECONNREFUSED\)/],
    [{ DEMO_POSTGRES_URL: '127.0.0.1' }, /^DEMO_POSTGRES_URL must be a URL/],
  ])('does not start with %j', async (environment, message) => {
    const program = programs.start('start.ts', environment, ['--postgres']);
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(message);
    expect(program.output()).not.toContain('secret');
  });

  it('refuses an option that it does not have, and prints the usage', async () => {
    const program = programs.start('start.ts', {}, ['--postgresql']);
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/--postgresql.*Usage: npm run demo.*--postgres /s);
  });
});

/** The number of the app that leads, once one does. */
function leaderOf(pageUrl: string): Promise<number> {
  return eventually('a leader', async () => {
    const { apps } = await readSnapshot(pageUrl);
    return apps.find(({ leadsSince }) => leadsSince !== null)?.number;
  });
}

async function setMode(pageUrl: string, mode: string): Promise<void> {
  const body = JSON.stringify({ mode });
  expect((await fetch(`${pageUrl}/demo/crm`, { method: 'POST', headers: ADA, body })).status).toBe(200);
}

function requestBooking(pageUrl: string, app: number, sessionId: number): Promise<Response> {
  const body = JSON.stringify({ session_id: sessionId });
  return fetch(`${pageUrl}/apps/${app}/bookings`, { method: 'POST', headers: ADA, body });
}

/** Returns the booking's id. */
async function book(pageUrl: string, app: number, sessionId: number): Promise<number> {
  const response = await requestBooking(pageUrl, app, sessionId);
  expect(response.status).toBe(201);
  return ((await response.json()) as { booking: { id: number } }).booking.id;
}

async function cancel(pageUrl: string, app: number, id: number): Promise<number> {
  return (await fetch(`${pageUrl}/apps/${app}/bookings/${id}`, { method: 'DELETE', headers: ADA })).status;
}

async function databasesAt(url: string): Promise<string[]> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database ORDER BY datname');
    return rows.map(({ datname }) => datname);
  } finally {
    await client.end();
  }
}
