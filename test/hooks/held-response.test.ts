import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { mkdirSync, rmdirSync } from 'node:fs';
import { connect, createServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Express, RequestHandler } from 'express';
import { afterResponse } from '../../src/index.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createHold, openClient, roundTrip } from '../helpers/held-route.js';
import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const get = requestText('GET', '/');
const tell = afterResponse('seen', () => ({ userId: 1, message: 'Seen' })) as RequestHandler;

describe.each(expressVersions)(
  'a response that is held until its notification is stored, on $version',
  ({ express }) => {
    const directory = useTempDirectory();
    const create = useNotifiers();
    const startCrm = useCrm();
    const serve = useServer();

    it('is answered once the outbox has it, and not before', async () => {
      const crm = await startCrm((_received, res) => void res.socket?.pause());
      const { notifier } = create({ baseUrl: crm.url, outbox: directory() });
      const order: string[] = [];
      notifier.on('accepted', () => order.push('accepted'));
      const app = express();
      app.use(notifier.middleware());
      app.get('/', tell, (_req, res) => {
        res.once('finish', () => order.push('finish'));
        res.end('answer', () => order.push('callback'));
        order.push('handler is through');
      });

      expect(await exchangeBytes(await serve(app), get)).toContain('answer');

      const outbox = await openOutboxIn(directory());
      expect(outbox.readAfter('crm', 0, 10)).toHaveLength(1);
      outbox.close();
      expect(order.slice(0, 2)).toEqual(['handler is through', 'accepted']);
      expect(order.slice(2).sort()).toEqual(['callback', 'finish']);
    });

    it('is answered at once with `after-response`, which waits for nothing', async () => {
      const crm = await startCrm();
      const { notifier, hear, told } = create({ baseUrl: crm.url, guarantee: 'after-response' });
      const hold = createHold();
      const app = express();
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => res.json({ id: 1 }));

      expect(await exchangeBytes(await serve(app), get)).toContain('{"id":1}');

      expect(told('accepted')).toEqual([]);
      hold.letGo();
      await hear('delivered');
    });

    it('case 25: whose client leaves: one notification, and no error', async () => {
      const crm = await startCrm();
      const { notifier, hear, log } = create({ baseUrl: crm.url });
      const hold = createHold();
      const closed = createDeferred();
      const events: string[] = [];
      const app = express();
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => {
        res.on('error', () => events.push('error'));
        res.once('close', closed.resolve);
        res.json({ id: 1 });
      });
      const served = await serve(app);

      const client = openClient(served, get);
      await hold.begun;
      client.socket.destroy();
      await closed.promise;
      hold.letGo();
      await hear('delivered');
      // A rejection that nobody handles would fail this test by itself.
      await roundTrip(served);

      expect(events).toEqual([]);
      expect(crm.received).toHaveLength(1);
      expect([...log.at('warn'), ...log.at('error')]).toEqual([]);
    });

    it('whose asynchronous mapper never answers goes out after holdMs', async () => {
      const clock = createOwnedClock();
      const { notifier } = create({ baseUrl: (await startCrm()).url, clock, holdMs: 300 });
      const hold = createHold();
      const app = express();
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => res.json({ id: 1 }));
      const served = await serve(app);

      const client = openClient(served, get);
      await hold.begun;
      await clock.advance(299);
      await roundTrip(served);
      expect(client.text).toBe('');
      await clock.advance(1);
      await client.closed;

      expect(client.text).toContain('{"id":1}');
      // Else closing waits for it.
      hold.letGo();
    });

    it('is held no longer than holdMs by an outbox that cannot be opened; then none is, until it can', async () => {
      // What SQLite wants to write beside the file is in the way.
      const obstacle = join(directory(), 'outbox.db-journal');
      mkdirSync(obstacle);
      const clock = createOwnedClock();
      const crm = await startCrm();
      const options = { baseUrl: crm.url, outbox: directory(), clock, holdMs: 1_000 };
      const { notifier, ready, log, hear, stats } = create(options);
      await ready().catch(() => undefined);
      let ended = createDeferred();
      const app = express();
      app.use(notifier.middleware());
      app.get('/', tell, (_req, res) => {
        res.json({ id: 1 });
        ended.resolve();
      });
      const served = await serve(app);
      const holdLines = (): unknown[] => log.at('error').filter(({ message }) => message.includes('holdMs (1000)'));

      const first = openClient(served, get);
      await ended.promise;
      // Handed over at the end of the turn; from then on it counts.
      await clock.advance(0);
      await clock.advance(999);
      await roundTrip(served);
      expect(first.text).toBe('');
      expect(holdLines()).toEqual([]);
      await clock.advance(1);
      await first.closed;
      expect(first.text).toContain('{"id":1}');

      // The clock stands still: these wait for nothing.
      await exchangeBytes(served, get);
      await exchangeBytes(served, get);
      expect(holdLines()).toHaveLength(1);

      rmdirSync(obstacle);
      await passTimeUntil(hear('delivered', 3), clock);
      expect(crm.received).toHaveLength(3);
      expect(log.at('info').filter(({ message }) => message === 'CRM outbox responds again')).toHaveLength(1);
      expect(await stats()).toMatchObject({ accepted: 3, unsaved: 0, rejected: 0 });

      const open = loadSqlite();
      const other = open(join(directory(), 'outbox.db'));
      other.exec("CREATE TRIGGER refuse BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END");
      ended = createDeferred();
      const held = openClient(served, get);
      await ended.promise;
      await roundTrip(served);
      expect(held.text).toBe('');
      other.exec('DROP TRIGGER refuse');
      other.close();
      await clock.advance(500);
      await held.closed;
      expect(held.text).toContain('{"id":1}');
    });

    it('and was let go unsaved is counted until the outbox takes it', async () => {
      const clock = createOwnedClock();
      const { notifier, ready, stats, hear } = create({ baseUrl: (await startCrm()).url, outbox: directory(), clock });
      await ready();
      const open = loadSqlite();
      const other = open(join(directory(), 'outbox.db'));
      other.exec("CREATE TRIGGER refuse BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END");
      const app = express();
      app.use(notifier.middleware());
      app.get('/', tell, (_req, res) => res.json({ id: 1 }));
      const served = await serve(app);

      await passTimeUntil(exchangeBytes(served, get), clock);
      await exchangeBytes(served, get);
      expect(await stats()).toMatchObject({ accepted: 0, unsaved: 2, rejected: 0, pending: 0 });
      other.exec('DROP TRIGGER refuse');
      other.close();
      await passTimeUntil(hear('delivered', 2), clock);

      expect(await stats()).toMatchObject({ accepted: 2, unsaved: 0, rejected: 0 });
    });

    it('is not held again when only the memory is full of what waits for the outbox', async () => {
      const clock = createOwnedClock();
      const maxUnsaved = { bytes: 1_000_000 };
      const options = { baseUrl: (await startCrm()).url, outbox: directory(), clock, maxUnsaved };
      const { notifier, ready, told, log } = create(options);
      await ready();
      const other = loadSqlite()(join(directory(), 'outbox.db'));
      other.exec("CREATE TRIGGER refuse BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END");
      const app = express();
      app.use(notifier.middleware());
      app.get('/', tell, (_req, res) => res.json({ id: 1 }));
      const served = await serve(app);
      await passTimeUntil(exchangeBytes(served, get), clock);

      // More than may wait.
      const large = { notificationType: 'large', userId: 1, message: 'm', additionalData: { pad: 'x'.repeat(60_000) } };
      await Promise.all(Array.from({ length: 30 }, () => notifier.notify(large)));
      expect(told('rejected').length).toBeGreaterThan(0);

      // The clock stands still: this one waits for nothing.
      expect(await exchangeBytes(served, get)).toContain('{"id":1}');
      expect(log.at('info').map(({ message }) => message)).not.toContain('CRM outbox responds again');
      other.close();
    });

    it('keeps its async context in the callback of `end`', async () => {
      const { notifier } = create({ baseUrl: (await startCrm()).url });
      const hold = createHold();
      const store = new AsyncLocalStorage<string>();
      const seen = createDeferred<string | undefined>();
      const app = express();
      app.use(notifier.middleware(), (_req, _res, next) => {
        store.run('mine', next);
      });
      app.get('/', hold.hook, (_req, res) => {
        res.end('answer', () => {
          seen.resolve(store.getStore());
        });
      });

      const client = openClient(await serve(app), get);
      await hold.begun;
      store.run('another', hold.letGo);
      await client.closed;

      expect(await seen.promise).toBe('mine');
    });

    it('keeps its place among the answers of a pipelining client', async () => {
      const { notifier } = create({ baseUrl: (await startCrm()).url });
      const hold = createHold();
      const second = createDeferred();
      const app = express();
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => res.send('first'));
      app.get('/second', (_req, res) => {
        res.send('second');
        second.resolve();
      });
      const served = await serve(app);

      const client = openClient(
        served,
        requestText('GET', '/', { connection: 'keep-alive' }) + requestText('GET', '/second'),
      );
      await hold.begun;
      await second.promise;
      await roundTrip(served);
      expect(client.text).toBe('');
      hold.letGo();
      await client.closed;

      expect(client.text).toMatch(/first[^]*second$/);
    });

    it.each(['json', 'end', 'stream'])('goes over HTTP/2 as well, and without a warning (%s)', async (how) => {
      const { notifier, hear } = create({ baseUrl: (await startCrm()).url });
      const hold = createHold();
      const warnings: Error[] = [];
      const warn = (warning: Error): void => void warnings.push(warning);
      process.on('warning', warn);
      const app = express();
      overHttp2(app, express);
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => {
        res.status(201).set('X-A', '1');
        if (how === 'stream') res.write('"bo');
        if (how === 'json') res.json('body');
        else res.end(how === 'end' ? '"body"' : 'dy"');
        res.set('X-A', '2');
        res.status(500).end('second');
      });
      const server = createServer(app as unknown as Parameters<typeof createServer>[0]).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);

      const stream = session.request({ ':path': '/' });
      const responded = once(stream, 'response') as Promise<[Record<string, unknown>]>;
      await hold.begun;
      hold.letGo();
      const [headers] = await responded;

      expect(headers).toMatchObject({ ':status': 201, 'x-a': '1' });
      expect(await text(stream)).toBe('"body"');
      await hear('delivered');
      session.close();
      await new Promise((resolve) => server.close(resolve));
      process.off('warning', warn);
      expect(warnings).toEqual([]);
    });
  },
);

/** Makes an app answer through HTTP/2's own request and response, which Express does not do by itself. */
function overHttp2(app: Express, { request, response }: Pick<Express, 'request' | 'response'>): void {
  for (const [target, own, base] of [
    [app.request, request, Http2ServerRequest.prototype],
    [app.response, response, Http2ServerResponse.prototype],
  ] as const) {
    Object.setPrototypeOf(target, Object.create(base, Object.getOwnPropertyDescriptors(own)) as object);
  }
}
