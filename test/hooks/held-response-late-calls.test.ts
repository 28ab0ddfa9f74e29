import type { ErrorRequestHandler, NextFunction, RequestHandler, Response } from 'express';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import {
  createHold,
  exchangeHeld,
  openClient,
  roundTrip,
  withoutChunkSizes,
  withoutTimes,
} from '../helpers/held-route.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';

const answerError = (res: Response): void => {
  res.status(500).set({ 'X-Failed': 'yes', 'Content-Type': 'text/plain' });
  res.statusMessage = 'Failed';
  res.cookie('failed', '1').vary('Origin');
  res.appendHeader('Set-Cookie', 'failed=2');
  res.removeHeader('X-Powered-By');
  res.json({ error: 'failed' });
};

const errorHandlers: Record<string, ErrorRequestHandler[]> = {
  'Express’s final handler': [],
  'an error handler of the app': [
    (error: unknown, _req, res, next) => {
      if (res.headersSent) next(error);
      else answerError(res);
    },
  ],
};

const failures: Record<string, (next: NextFunction) => void> = {
  throws: () => {
    throw new Error('too late');
  },
  'calls next(error)': (next) => {
    next(Object.assign(new Error('too late'), { status: 503, headers: { 'X-Failed': 'yes' } }));
  },
};

const answers: Record<string, RequestHandler> = {
  json: (_req, res) => res.status(201).cookie('a', '1').cookie('b', '2').json({ id: 1 }),
  'end, whose length node works out': (_req, res) => res.end('created'),
  'headers as they were written': (_req, res) => {
    res.setHeader('x-first', '1');
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.setHeader('Set-Cookie', ['a=1']);
    res.end('<p>created</p>');
  },
  'write and end': (_req, res) => {
    res.write('crea');
    res.end('ted');
  },
};

describe.each(expressVersions)('while a response is held, on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();

  const pairs = Object.keys(errorHandlers).flatMap((handler) =>
    Object.keys(failures).flatMap((failure) =>
      Object.keys(answers).map((answer) => [failure, answer, handler] as const),
    ),
  );

  it.each(pairs)('a handler that %s after its answer (%s) changes nothing: %s', async (failure, answer, handler) => {
    const { crm, posted } = await setStage();
    const hold = createHold();
    const plain = express();
    plain.get('/', answers[answer]!);
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (req, res, next) => {
      void answers[answer]!(req, res, next);
      failures[failure]!(next);
    });
    for (const errorHandler of errorHandlers[handler]!) app.use(errorHandler);

    const { bytes } = await exchangeHeld(await serve(app), requestText('GET', '/'), hold);

    const expected = await exchangeBytes(await serve(plain), requestText('GET', '/'));
    expect(withoutChunkSizes(withoutTimes(bytes))).toBe(withoutChunkSizes(withoutTimes(expected)));
    expect(await posted()).toHaveLength(1);
  });

  it('an error handler that answers only once the response is out fails in nothing', async () => {
    const { crm } = await setStage();
    const hold = createHold();
    const finished = createDeferred();
    const answered = createDeferred<unknown>();
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (_req, res, next) => {
      res.once('finish', finished.resolve);
      res.json({ id: 1 });
      next(new Error('too late'));
    });
    app.use((async (error, _req, res, next) => {
      if (res.headersSent) {
        next(error);
        return;
      }
      await finished.promise;
      try {
        answerError(res);
        answered.resolve('nothing');
      } catch (thrown) {
        answered.resolve(thrown);
      }
    }) as ErrorRequestHandler);

    const { bytes } = await exchangeHeld(await serve(app), requestText('GET', '/'), hold);

    expect(await answered.promise).toBe('nothing');
    expect(bytes).toContain('{"id":1}');
  });

  it('the final handler that waits for the rest of the request comes too late, and ends no process', async () => {
    const { crm, posted } = await setStage();
    const hold = createHold();
    const consumed = createDeferred();
    const app = express();
    app.use(crm.middleware());
    app.post('/', hold.hook, (req, res) => {
      req.once('end', consumed.resolve);
      res.json({ id: 1 });
      throw new Error('too late');
    });
    const served = await serve(app);

    const head = requestText('POST', '/', { 'content-length': '4', connection: 'keep-alive' });
    const client = openClient(served, `${head}ab`);
    await hold.begun;
    hold.letGo();
    await client.receive('{"id":1}');
    client.socket.write('cd');
    await consumed.promise;

    // An error that nobody catches would fail this test by itself.
    await roundTrip(served);
    client.socket.destroy();
    expect(client.text).toContain('200 OK');
    expect(await posted()).toHaveLength(1);
  });

  it('a second answer of any kind changes nothing, and callbacks are called', async () => {
    const { crm, posted } = await setStage();
    const hold = createHold();
    const called: string[] = [];
    const ended = createDeferred();
    let written: unknown;
    const answer: RequestHandler = (_req, res) => {
      res.on('finish', () => called.push('finish'));
      res.on('close', () => {
        called.push('close');
        ended.resolve();
      });
      res.setHeader('Trailer', 'X-Sum');
      res.write('fi');
      res.end('rst', 'utf8', () => called.push('first end'));
    };
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (req, res, next) => {
      void answer(req, res, next);
      res.json({ id: 2 });
      expect(res.end('second', () => called.push('second end'))).toBe(res);
      expect(res.writeHead(500, { 'X-Second': 'yes' })).toBe(res);
      res.addTrailers({ 'X-Sum': '2' });
      res.flushHeaders();
      expect(
        res.write('second', (error) => {
          written = error;
        }),
      ).toBe(false);
      expect(res.write('second')).toBe(false);
    });
    const plain = express();
    plain.get('/', answer);

    const { bytes } = await exchangeHeld(await serve(app), requestText('GET', '/'), hold);
    await ended.promise;

    expect(written).toMatchObject({ message: 'write after end', code: 'ERR_STREAM_WRITE_AFTER_END' });
    expect([...called].sort()).toEqual(['close', 'finish', 'first end', 'second end']);
    expect(await posted()).toHaveLength(1);
    const expected = await exchangeBytes(await serve(plain), requestText('GET', '/'));
    expect(withoutChunkSizes(withoutTimes(bytes))).toBe(withoutChunkSizes(withoutTimes(expected)));
  });

  it('and nothing of it is out yet, `flushHeaders` sends none of it', async () => {
    const { crm } = await setStage();
    const hold = createHold();
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (_req, res) => {
      res.status(201).json({ id: 1 });
      res.flushHeaders();
    });

    const { early, bytes } = await exchangeHeld(await serve(app), requestText('GET', '/'), hold);

    expect(early).toBe('');
    expect(bytes).toMatch(/^HTTP\/1\.1 201 Created\r\n[^]*\{"id":1\}$/);
  });

  it('a body that cannot be sent is the handler’s error, as without a hook', async () => {
    const { crm } = await setStage();
    const hold = createHold();
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (_req, res) => {
      res.end(42);
    });
    app.use(((error: Error, _req, res, _next) => {
      res.status(500).json({ error: (error as Error & { code?: string }).code });
    }) as ErrorRequestHandler);

    const bytes = await exchangeBytes(await serve(app), requestText('GET', '/'));
    hold.letGo();

    expect(bytes).toContain('500 Internal Server Error');
    expect(bytes).toContain('ERR_INVALID_ARG_TYPE');
  });

  it('other middleware that throws once it goes out costs the connection, not the process', async () => {
    const { crm, posted } = await setStage();
    const hold = createHold();
    const app = express();
    app.use(crm.middleware(), (_req, res, next) => {
      res.writeHead = () => {
        throw new Error('no head');
      };
      next();
    });
    app.get('/', hold.hook, (_req, res) => res.json({ id: 1 }));
    const client = openClient(await serve(app), requestText('GET', '/'));

    await hold.begun;
    hold.letGo();
    await client.closed;

    expect(client.text).toBe('');
    expect(await posted()).toHaveLength(1);
  });
});
