import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import express from 'express';
import request from 'supertest';
import { afterResponse, CRMConfigError } from '../../src/index.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { notificationIn, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { join } from 'node:path';
import type { MiddlewareOptions } from '../../src/index.js';
import type { RequestHandler } from 'express';

const tell = afterResponse('seen', () => ({ userId: 1, message: 'Seen' })) as RequestHandler;

const fail = (): never => {
  throw new Error('a mistake of the app');
};

describe('pushing back (A7)', () => {
  const directory = useTempDirectory();
  const create = useNotifiers();
  const start = useCrm();

  const appOf = ({ notifier }: ObservedNotifier, options?: MiddlewareOptions): express.Express => {
    const app = express();
    app.use(notifier.middleware(options));
    app.all('/', tell, (_req, res) => {
      res.json({ id: 1 });
    });
    return app;
  };

  it('answers 503 with Retry-After to what may change something while the outbox is full, and lets it in again', async () => {
    const clock = createOwnedClock();
    const notifier = create({ baseUrl: (await start(reply(503))).url, clock, maxPending: { count: 1 } });
    const app = appOf(notifier, { pushBack: true });
    await request(app).post('/').expect(200);
    await notifier.notifier.notify(notificationIn('a'));
    const pushed = await request(app).post('/').expect(503);
    expect(pushed.headers['retry-after']).toBe('1');
    await request(app).get('/').expect(200);
    await clock.advance(1_000);
    await request(app).post('/').expect(200);
  });

  it('does so while the outbox is silent, for what a function chooses; one that throws chooses nothing', async () => {
    const notifier = create({ baseUrl: (await start()).url, outbox: directory(), holdMs: 5 });
    await notifier.ready();
    const other = loadSqlite()(join(directory(), 'outbox.db'));
    other.exec("CREATE TRIGGER refuse BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END");
    const receipt = await notifier.notifier.notify(notificationIn('a'));
    expect(receipt).toMatchObject({ accepted: true, isStored: false });
    await request(appOf(notifier, { pushBack: (req) => req.method === 'GET' }))
      .get('/')
      .expect(503);
    await request(appOf(notifier, { pushBack: (req) => req.method === 'GET' }))
      .post('/')
      .expect(200);
    await request(appOf(notifier, { pushBack: fail }))
      .post('/')
      .expect(200);
    await request(appOf(notifier)).post('/').expect(200);
    other.exec('DROP TRIGGER refuse');
    other.close();
    const outcome = receipt.accepted && !receipt.isStored ? await receipt.outcome : undefined;
    expect(outcome).toEqual({ accepted: true, id: receipt.accepted && receipt.id, isStored: true });
    await request(appOf(notifier, { pushBack: true }))
      .post('/')
      .expect(200);
  });

  describe('by an asynchronous function', () => {
    const no = async (): Promise<boolean> => false;
    const yes = async (): Promise<boolean> => true;
    const ofAnotherMake = (is: boolean) => (): PromiseLike<boolean> =>
      ({ then: (resolve: (is: boolean) => void) => resolve(is) }) as unknown as PromiseLike<boolean>;
    const throwsInThen = (): PromiseLike<boolean> => {
      const promise = { then: fail };
      return promise;
    };

    it.each<[string, () => PromiseLike<boolean>, number]>([
      ['that says no', no, 200],
      ['that says yes', yes, 503],
      ['that says yes a turn later', () => turn(true), 503],
      ['that rejects', () => Promise.reject(new Error('a mistake of the app')), 200],
      ['with a promise of another make that says no', ofAnotherMake(false), 200],
      ['with a promise of another make that says yes', ofAnotherMake(true), 503],
      ['with a promise that throws', throwsInThen, 200],
      ['that returns nothing', async () => undefined as unknown as boolean, 200],
    ])('%s', async (_what, pushBack, status) => {
      const clock = createOwnedClock();
      const notifier = create({ baseUrl: (await start(reply(503))).url, clock, maxPending: { count: 1 } });
      const app = appOf(notifier, { pushBack });
      await request(app).get('/').expect(200);
      await notifier.notifier.notify(notificationIn('a'));

      const response = await request(app).get('/').expect(status);

      expect(response.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
    });

    it('lets the route run with its notifier, in the context of the request', async () => {
      const clock = createOwnedClock();
      const notifier = create({ baseUrl: (await start(reply(503))).url, clock, maxPending: { count: 1 } });
      await notifier.accept('a');
      await notifier.notifier.notify(notificationIn('b'));
      const store = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const app = express();
      app.use(
        (_req, _res, next) => store.run('mine', next),
        notifier.notifier.middleware({ pushBack: () => turn(false) }),
      );
      app.get('/', (_req, res) => {
        seen.push(store.getStore(), res.locals.crm.notifier);
        res.end();
      });

      await request(app).get('/').expect(200);

      expect(seen).toEqual(['mine', notifier.notifier]);
    });
  });

  it.each([{ pushback: true }, { pushBack: 'yes' }])('refuses what is no option: %p', async (options) => {
    const { notifier } = create({ baseUrl: (await start()).url });
    expect(() => notifier.middleware(options as MiddlewareOptions)).toThrow(CRMConfigError);
  });
});
