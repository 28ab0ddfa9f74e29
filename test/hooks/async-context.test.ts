import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { RequestHandler, Response } from 'express';
import request from 'supertest';
import { afterResponse } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { requestText, sendOverSocket, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';

describe.each(expressVersions)('case 35: the async context of a request on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();
  const store = new AsyncLocalStorage<string>();

  const runInStore: RequestHandler = (req, _res, next) => {
    store.run(req.path, next);
  };
  const current = (): string => store.getStore() ?? 'nothing';
  const tellStore = afterResponse('seen', () => ({ userId: 1, message: current() }));
  const tellStoreLater = afterResponse('seen', async () => {
    await turn();
    return { userId: 1, message: current() };
  });
  const tellStoreInOptions = afterResponse('seen', () => ({ userId: 1, message: 'told' }), {
    lane: () => current(),
    when: () => current() !== 'nothing',
  });

  it.each([
    { kind: 'a mapper', hook: tellStore, message: '/a' },
    { kind: 'an asynchronous mapper', hook: tellStoreLater, message: '/a' },
    { kind: 'options', hook: tellStoreInOptions, message: 'told' },
  ])('is kept in $kind', async ({ hook, message }) => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware(), runInStore);
    app.get('/a', hook as RequestHandler, (_req, res) => res.json({}));

    await request(app).get('/a').expect(200);

    expect((await posted()).map(({ json }) => json['message'])).toEqual([message]);
  });

  it.each([
    { kind: 'a mapper', hook: tellStore },
    { kind: 'an asynchronous mapper', hook: tellStoreLater },
  ])('is kept in $kind after the client has left', async ({ hook }) => {
    const { crm, posted } = await setStage();
    const arrived = createDeferred();
    const answered = createDeferred();
    const app = express();
    app.use(crm.middleware(), runInStore);
    app.get('/a', hook as RequestHandler, (_req, res) => {
      // `close` comes from the socket, outside of every request's context.
      res.once('close', () => {
        res.json({});
        answered.resolve();
      });
      arrived.resolve();
    });

    const client = await sendOverSocket(await serve(app), requestText('GET', '/a'));
    await arrived.promise;
    client.destroy();
    await answered.promise;

    expect((await posted()).map(({ json }) => json['message'])).toEqual(['/a']);
  });

  it('is not another request’s, when that one ends both responses (a shared pool, a shared emitter)', async () => {
    const { crm, posted } = await setStage();
    const waiting: Response[] = [];
    const app = express();
    app.use(crm.middleware(), runInStore);
    app.get('/:name', tellStore as RequestHandler, (_req, res) => {
      waiting.push(res);
      if (waiting.length === 2) for (const response of waiting) response.json({});
    });
    const { url } = await serve(app);

    await Promise.all([request(url).get('/a').expect(200), request(url).get('/b').expect(200)]);

    expect((await posted()).map(({ json }) => json['message']).sort()).toEqual(['/a', '/b']);
  });

  it('and the trace stay apart among many requests at once', async () => {
    const { crm, posted } = await setStage();
    const all = Array.from({ length: 40 }, (_, index) => index);
    const arrived = createDeferred();
    let count = 0;
    const app = express();
    app.use(crm.middleware(), runInStore);
    app.get('/:name', tellStoreLater as RequestHandler, async (_req, res) => {
      count += 1;
      if (count === all.length) arrived.resolve();
      await arrived.promise;
      res.json({});
    });
    const { url } = await serve(app);
    const traceOf = (index: number): string => `00-${String(index + 1).padStart(32, '0')}-00000000000000ab-01`;

    await Promise.all(
      all.map((index) =>
        request(url)
          .get(`/${String(index)}`)
          .set('traceparent', traceOf(index))
          .expect(200),
      ),
    );

    const told = (await posted()).map(({ json, headers }) => [json['message'], headers['traceparent']].join(' '));
    expect(told.sort()).toEqual(all.map((index) => `/${String(index)} ${traceOf(index)}`).sort());
  });
});
