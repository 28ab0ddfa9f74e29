import type { RequestHandler, Response } from 'express';
import request from 'supertest';
import { afterResponse } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

describe.each(expressVersions)('what the mapper is given as body on $version', ({ express }) => {
  const setStage = useStage();

  /** The body that the mapper saw, once for each call. */
  async function seenOf(method: 'get' | 'head', handler: RequestHandler): Promise<unknown[]> {
    const { crm } = await setStage();
    const seen: unknown[] = [];
    const app = express();
    app.use(crm.middleware());
    app.get(
      '/',
      afterResponse(
        'seen',
        (body: unknown) => {
          seen.push(body);
          return undefined;
        },
        { status: () => true },
      ),
      handler,
    );
    await request(app)
      [method]('/')
      .redirects(0)
      .ok(() => true);
    return seen;
  }

  const object = { booking: { id: 456 } };

  it.each<[string, (res: Response) => unknown, unknown]>([
    ['json(object)', (res) => res.json(object), object],
    ['send(object), which calls json, which calls send', (res) => res.send(object), object],
    ['json(array)', (res) => res.json([1, 2]), [1, 2]],
    ['json(string)', (res) => res.json('text'), 'text'],
    ['json(null)', (res) => res.json(null), null],
    ['json(number)', (res) => res.json(5), 5],
    ['send(string)', (res) => res.send('text'), 'text'],
    ['send(buffer)', (res) => res.send(Buffer.from('text')), Buffer.from('text')],
    ['send()', (res) => res.send(), undefined],
    ['status(204).send(object)', (res) => res.status(204).send(object), object],
    ['status(304).json(object)', (res) => res.status(304).json(object), object],
  ])('%s', async (_how, answer, expected) => {
    expect(
      await seenOf('get', (_req, res) => {
        answer(res);
      }),
    ).toEqual([expected]);
  });

  it('is the object itself, not a copy', async () => {
    const [seen] = await seenOf('get', (_req, res) => {
      res.json(object);
    });
    expect(seen).toBe(object);
  });

  it('is there for HEAD too, where the route calls json', async () => {
    expect(
      await seenOf('head', (_req, res) => {
        res.json(object);
      }),
    ).toEqual([object]);
  });

  it.each<[string, (res: Response) => unknown]>([
    ['end()', (res) => res.end()],
    ['end(text)', (res) => res.end('text')],
    ['status(204).end()', (res) => res.status(204).end()],
    ['write and end', (res) => (res.write('a'), res.end('b'))],
    [
      'redirect',
      (res) => {
        res.redirect('/elsewhere');
      },
    ],
  ])('is undefined where neither json nor send is called: %s', async (_how, answer) => {
    expect(
      await seenOf('get', (_req, res) => {
        answer(res);
      }),
    ).toEqual([undefined]);
  });

  it('is what the error handler answered, when a body before could not be serialised', async () => {
    const { crm } = await setStage();
    const seen: unknown[] = [];
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const app = express();
    app.use(crm.middleware());
    app.get(
      '/',
      afterResponse('seen', (body) => void seen.push(body), { status: () => true }),
      (_req, res, next) => {
        try {
          res.json(circular);
        } catch {
          next();
        }
      },
    );
    app.use((_req, res) => {
      res.status(500).json({ error: 'failed' });
    });

    await request(app).get('/').expect(500, { error: 'failed' });

    expect(seen).toEqual([{ error: 'failed' }]);
  });
});

describe('what Express 4 still takes', () => {
  const setStage = useStage();
  const { express } = expressVersions[0]!;

  // Express warns of these forms on standard error, unless somebody listens.
  const ignore = (): void => undefined;
  beforeAll(() => void process.on('deprecation' as 'warning', ignore));
  afterAll(() => void process.off('deprecation', ignore));

  it.each<[string, (res: Record<'send' | 'json', (...args: unknown[]) => void>) => void]>([
    ['send(status, object)', (res) => res.send(201, { id: 1 })],
    ['send(object, status)', (res) => res.send({ id: 1 }, 201)],
    ['json(status, object)', (res) => res.json(201, { id: 1 })],
    ['json(object, status)', (res) => res.json({ id: 1 }, 201)],
  ])('%s', async (_how, answer) => {
    const { crm } = await setStage();
    const seen: unknown[] = [];
    const app = express();
    app.use(crm.middleware());
    app.get(
      '/',
      afterResponse('seen', (body: unknown) => void seen.push(body)),
      (_req, res) => {
        answer(res);
      },
    );

    await request(app).get('/').expect(201, { id: 1 });

    expect(seen).toEqual([{ id: 1 }]);
  });
});
