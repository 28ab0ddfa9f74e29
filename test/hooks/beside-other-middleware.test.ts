import { createHash } from 'node:crypto';
import compression from 'compression';
import type { RequestHandler } from 'express';
import session, { MemoryStore } from 'express-session';
import responseTime from 'response-time';
import { afterBooking } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { exchangeBytes, requestText, sendOverSocket, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';

declare module 'express-session' {
  interface SessionData {
    visits: number;
  }
}

const booking = { id: 456, userId: 123, sessionId: 789 };
/** Long enough for compression to be worth it, and the same every time. */
const notes = Array.from({ length: 400 }, (_, index) => createHash('sha256').update(String(index)).digest('hex'));

const openSession = (): RequestHandler =>
  session({ secret: 'test', resave: false, saveUninitialized: true, genid: () => 'one', store: new MemoryStore() });

const others: Record<string, () => RequestHandler[]> = {
  compression: () => [compression()],
  'express-session': () => [openSession()],
  'response-time': () => [responseTime()],
  'all three': () => [responseTime(), compression(), openSession()],
};

const withoutTimes = (bytes: string): string => bytes.replace(/\r\n(Date|X-Response-Time): [^\r]+/g, '');

describe.each(expressVersions)('other middleware that replaces json, write or end, on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();

  const answer: RequestHandler = (req, res) => {
    // A changed session is saved before the response may end. Typed as optional where there is none.
    if ((req as { session?: unknown }).session !== undefined) req.session.visits = 1;
    res.status(201).json({ booking, notes });
  };
  const gzipRequest = requestText('POST', '/bookings', { 'accept-encoding': 'gzip' });

  it.each(Object.keys(others).flatMap((name) => [`${name}, before the hook`, `${name}, after the hook`]))(
    'case 30: one notification, and the response byte for byte the same: %s',
    async (title) => {
      const [name, where] = title.split(', ') as [string, string];
      const before = where === 'before the hook' ? others[name]!() : [];
      const after = where === 'after the hook' ? others[name]!() : [];
      const { crm, posted } = await setStage();
      const plain = express();
      plain.post('/bookings', ...others[name]!(), answer);
      const hooked = express();
      hooked.use(crm.middleware());
      hooked.post('/bookings', ...before, afterBooking('created'), ...after, answer);

      const bytes = withoutTimes(await exchangeBytes(await serve(hooked), gzipRequest));

      expect(bytes).toBe(withoutTimes(await exchangeBytes(await serve(plain), gzipRequest)));
      expect(bytes).toContain('201 Created');
      expect((await posted()).map(({ json }) => json['message'])).toEqual(['Booking 456 created']);
    },
  );

  it.each(['before', 'after'])(
    'case 30: a session that is saved late (%s the hook) gives one notification, once the handler has ended',
    async (where) => {
      const { crm, posted } = await setStage();
      const saving = createDeferred();
      const mayBeSaved = createDeferred();
      class SlowStore extends MemoryStore {
        override set(id: string, data: session.SessionData, callback?: (error?: unknown) => void): void {
          saving.resolve();
          void mayBeSaved.promise.then(() => {
            super.set(id, data, callback);
          });
        }
      }
      const slowSession = session({ secret: 'test', resave: false, saveUninitialized: true, store: new SlowStore() });
      const app = express();
      app.use(crm.middleware());
      const chain =
        where === 'before' ? [slowSession, afterBooking('created')] : [afterBooking('created'), slowSession];
      app.post('/bookings', ...chain, answer);

      const response = exchangeBytes(await serve(app), requestText('POST', '/bookings'));
      await saving.promise;
      // Set before ours it holds the end back within ours; set after ours it holds our end back as well.
      expect(await posted()).toHaveLength(where === 'before' ? 1 : 0);
      mayBeSaved.resolve();

      expect(await response).toContain('201 Created');
      expect(await posted()).toHaveLength(1);
    },
  );

  it.each(['before', 'after'])(
    'case 25: a client that leaves while compression (%s the hook) is at work: one notification',
    async (where) => {
      const { crm, posted } = await setStage();
      const answered = createDeferred();
      const closed = createDeferred();
      const app = express();
      app.use(crm.middleware());
      const chain =
        where === 'before' ? [compression(), afterBooking('created')] : [afterBooking('created'), compression()];
      app.post('/bookings', ...chain, (_req, res) => {
        res.once('close', closed.resolve);
        // More than the sockets' buffers hold, so that compression waits for the client to read.
        res.status(201).json({ booking, pad: Array.from({ length: 500 }, () => notes) });
        answered.resolve();
      });

      const client = await sendOverSocket(await serve(app), gzipRequest);
      await answered.promise;
      client.destroy();
      await closed.promise;

      expect(await posted()).toHaveLength(1);
    },
  );

  it('middleware that serialises later, and fails, makes no success of it', async () => {
    const { crm, posted, rejected } = await setStage();
    const failed = createDeferred();
    const app = express();
    app.use(crm.middleware());
    app.use((_req, res, next) => {
      const json = res.json.bind(res);
      res.json = (body: unknown) => {
        void failed.promise.then(() => res.status(500).end(typeof body));
        res.json = json;
        return res;
      };
      next();
    });
    app.post('/bookings', afterBooking('created'), answer);

    const response = exchangeBytes(await serve(app), requestText('POST', '/bookings'));
    failed.resolve();

    expect(await response).toContain('500');
    expect(await posted()).toEqual([]);
    expect(rejected).toEqual([]);
  });
});
