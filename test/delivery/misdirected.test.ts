import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NotifierOptions } from '../../src/index.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { passTimeUntil, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

/** After so many in a row with the default options, the base URL is to blame. */
const sureCount = 20;

describe('F11: delivery to a URL where no notification is taken', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createOnDisk = (options: NotifierOptions): ObservedNotifier =>
    create({ outbox: directory(), sync: 'normal', clock, ...options });

  /** Takes every lane but the given one. */
  const allBut =
    (lane: string): Answer =>
    (received, res) =>
      (laneOf(received) === lane ? reply(404) : accept)(received, res);

  it.each([404, 405, 301, 308])('pauses at the first %d, with one ERROR, and buries nothing', async (status) => {
    const crm = await start(reply(status));
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.accept(...Array.from({ length: 100 }, (_, index) => `lane:${index}`));
    await notifier.hear('paused');
    // As many as may be under way at once; after that there is a probe now and then.
    await passTimeUntil(crm.waitFor(8 + 4), clock);
    expect(await notifier.stats()).toMatchObject({ pending: 100, dead: 0, delivered: 0 });
    expect(clock.monotonicMs()).toBeGreaterThan(1_000);
    expect(notifier.told('paused')).toEqual([{ target: 'crm', cause: { kind: 'misdirected', status } }]);
    const url = `${crm.url}/notify`;
    expect(notifier.log.at('error')).toEqual([
      {
        level: 'error',
        fields: { status, url },
        message:
          `CRM responds ${status} to every notification, as if it took none at ${url}; delivery is paused and nothing is ` +
          'lost. Correct CRM_BASE_URL, or the CRM',
      },
    ]);
    expect(notifier.log.at('warn')).toEqual([]);
  });

  it('goes on by itself once one is taken, in the order of each lane', async () => {
    const crm = await start(reply(404));
    const notifier = createOnDisk({ baseUrl: crm.url });
    const ids = await notifier.accept('a', 'a', 'b', 'b');
    await notifier.hear('paused');
    crm.answerWith(accept);
    const seen = crm.received.length;
    await passTimeUntil(notifier.hear('delivered', 4), clock);
    const taken = idsOf(crm.received.slice(seen));
    expect([...taken].sort()).toEqual([...ids].sort());
    for (const [first, second] of [ids.slice(0, 2), ids.slice(2)]) {
      expect(taken.indexOf(first!)).toBeLessThan(taken.indexOf(second!));
    }
    expect(notifier.told('resumed')).toHaveLength(1);
    expect(await notifier.stats()).toMatchObject({ dead: 0, pending: 0 });
  });

  it('lets one notification die that a CRM which takes others responds 404 to', async () => {
    const crm = await start(allBut('unknown'));
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.accept('good');
    await notifier.hear('delivered');
    const [unknown] = await notifier.accept('unknown', 'other');
    expect(await notifier.hear('dead')).toMatchObject([{ id: unknown, attempts: 1 }]);
    await notifier.hear('delivered', 2);
    expect(notifier.told('paused')).toEqual([]);
  });

  it('looks for another notification when the first one after a start gets a 404', async () => {
    const crm = await start(allBut('unknown'));
    const notifier = createOnDisk({ baseUrl: crm.url, concurrency: 1 });
    const [unknown] = await notifier.accept('unknown', 'good');
    await passTimeUntil(notifier.hear('dead'), clock);
    expect(notifier.told('dead')).toMatchObject([{ id: unknown }]);
    expect(notifier.told('delivered')).toHaveLength(1);
    expect([notifier.told('paused'), notifier.told('resumed')].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('takes a CRM that rejects a notification for one that has the route', async () => {
    const crm = await start(inTurn(reply(422), reply(404)));
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.accept('a');
    await notifier.hear('dead');
    await notifier.accept('b');
    await notifier.hear('dead', 2);
    expect(notifier.told('paused')).toEqual([]);
  });

  it('pauses when a CRM that took notifications no longer takes any', async () => {
    const crm = await start(accept);
    const notifier = createOnDisk({ baseUrl: crm.url, concurrency: 1 });
    await notifier.accept('a');
    await notifier.hear('delivered');
    crm.answerWith(reply(404));
    await notifier.accept(...Array.from({ length: 200 }, (_, index) => `lane:${index}`));
    await passTimeUntil(notifier.hear('paused'), clock);
    expect(await notifier.stats()).toMatchObject({ dead: sureCount - 1, pending: 201 - sureCount });
  });

  it('reports the token when the URL is right again and the token is not, and the other way round', async () => {
    const crm = await start(reply(404));
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.accept('a', 'b');
    await notifier.hear('paused');
    crm.answerWith(reply(401));
    await passTimeUntil(notifier.hear('paused', 2), clock);
    crm.answerWith(reply(404));
    await passTimeUntil(notifier.hear('paused', 3), clock);
    expect(notifier.told('paused').map(({ cause }) => cause.kind)).toEqual([
      'misdirected',
      'unauthorised',
      'misdirected',
    ]);
    expect(await notifier.stats()).toMatchObject({ dead: 0, pending: 2 });
  });

  it('does not take a 503 while it is paused for a sign that the URL is right', async () => {
    const crm = await start(inTurn(reply(404), reply(503), reply(404), reply(503), reply(404)));
    const notifier = createOnDisk({ baseUrl: crm.url, concurrency: 1 });
    await notifier.accept('a', 'b');
    await passTimeUntil(crm.waitFor(5), clock);
    expect(notifier.log.at('error')).toHaveLength(1);
    expect(notifier.told('resumed')).toEqual([]);
  });

  it.each([
    [404, 401],
    [404, 403],
    [301, 401],
  ])('stays paused when %d and %d take turns, with one ERROR for each, and lets nothing expire', async (one, other) => {
    let count = 0;
    const crm = await start((received, res) => {
      count += 1;
      reply(count % 2 === 1 ? one : other)(received, res);
    });
    const notifier = createOnDisk({ baseUrl: crm.url, retry: { maxAgeMs: 1_000 }, concurrency: 1 });
    await notifier.accept(...Array.from({ length: 50 }, (_, index) => `lane:${index}`));
    await passTimeUntil(crm.waitFor(9), clock);
    // Doubled with each probe: 9 of them take longer than notifications may get old.
    expect(clock.monotonicMs()).toBeGreaterThan(10_000);
    expect(notifier.log.at('error')).toHaveLength(2);
    expect(notifier.log.at('warn')).toEqual([]);
    expect(notifier.told('resumed')).toEqual([]);
    expect(await notifier.stats()).toMatchObject({ pending: 50, dead: 0 });
  });

  it('lets nothing expire at a stray 503 while it is paused', async () => {
    const crm = await start(inTurn(reply(404), reply(503)));
    const notifier = createOnDisk({ baseUrl: crm.url, retry: { maxAgeMs: 1 }, concurrency: 1 });
    await notifier.accept('a', 'b', 'c');
    await passTimeUntil(crm.waitFor(5), clock);
    expect(await notifier.stats()).toMatchObject({ pending: 3, dead: 0 });
  });

  it('knows after a restart that the URL was right, so that one 404 does not block its lane', async () => {
    const outbox = directory();
    const crm = await start((received, res) => {
      (received.text.includes('unknown') ? reply(404) : accept)(received, res);
    });
    const before = createOnDisk({ outbox, baseUrl: crm.url });
    await before.accept('lane');
    await before.hear('delivered');
    await before.close();
    const after = createOnDisk({ outbox, baseUrl: crm.url });
    const unknown = { notificationType: 'user_moved', userId: 1, message: 'unknown', lane: 'lane' };
    await after.notifier.notify(unknown);
    await after.accept('lane');
    expect(await after.hear('dead')).toMatchObject([{ attempts: 1, reason: { status: 404 } }]);
    await after.hear('delivered');
    expect(after.told('paused')).toEqual([]);
    await after.close();
    // At another URL nothing is known.
    const elsewhere = await start(reply(404));
    const moved = createOnDisk({ outbox, baseUrl: elsewhere.url });
    await moved.accept('lane');
    await moved.hear('paused');
    expect(await moved.stats()).toMatchObject({ pending: 1 });
  });

  it('follows no link that stands where it remembers the URL', async () => {
    const [outbox, victim] = [join(directory(), 'outbox'), join(directory(), 'victim')];
    mkdirSync(outbox, { mode: 0o700 });
    writeFileSync(victim, 'of somebody else');
    symlinkSync(victim, join(outbox, 'outbox.db-url'));
    const crm = await start(accept);
    const notifier = createOnDisk({ outbox, baseUrl: crm.url });
    await notifier.accept('a');
    await notifier.hear('delivered');
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
    expect(readFileSync(join(outbox, 'outbox.db-url'), 'utf8')).toBe(`${crm.url}/notify`);
  });

  it('waits for no pipe that stands there', async () => {
    const outbox = join(directory(), 'outbox');
    mkdirSync(outbox, { mode: 0o700 });
    execFileSync('mkfifo', [join(outbox, 'outbox.db-url')]);
    const crm = await start(accept);
    const notifier = createOnDisk({ outbox, baseUrl: crm.url });
    await notifier.accept('a');
    expect(await notifier.hear('delivered')).toHaveLength(1);
  });

  describe('a web server that is no CRM', () => {
    let server: Server;
    beforeEach(async () => {
      server = createServer((_req, res) => res.writeHead(404).end('<h1>Not Found</h1>')).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    it('keeps what waits for the next start, with the right URL', async () => {
      const outbox = directory();
      const wrong = createOnDisk({ outbox, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
      const ids = await wrong.accept('a', 'b');
      await wrong.hear('paused');
      await wrong.close(1);
      const crm = await start(accept);
      const right = createOnDisk({ outbox, baseUrl: crm.url });
      await right.hear('delivered', 2);
      expect(idsOf(crm.received).sort()).toEqual(ids.sort());
    });
  });
});
