import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import type { RequestHandler } from 'express';
import session, { MemoryStore } from 'express-session';
import responseTime from 'response-time';
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
import { useTempDirectory } from '../helpers/temp-directory.js';

declare module 'express-session' {
  interface SessionData {
    visits: number;
  }
}

/** Long enough for compression to be worth it. */
const notes = 'note '.repeat(2_000);

const openSession = (): RequestHandler =>
  session({ secret: 'test', resave: false, saveUninitialized: true, genid: () => 'one', store: new MemoryStore() });

const others: Record<string, () => RequestHandler[]> = {
  compression: () => [compression()],
  'express-session': () => [openSession()],
  'response-time': () => [responseTime()],
  'all three': () => [responseTime(), compression(), openSession()],
};

describe.each(expressVersions)('a held response, byte for byte as without a hook, on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();
  const directory = useTempDirectory();

  /** What a client gets of a route with this answer: without us, and held. */
  async function exchangeBoth(
    answer: RequestHandler,
    request = requestText('GET', '/'),
    before: () => RequestHandler[] = () => [],
    after: () => RequestHandler[] = () => [],
  ) {
    const { crm, posted, rejected } = await setStage();
    const hold = createHold();
    const plain = express();
    plain.all('/', ...before(), ...after(), answer);
    const hooked = express();
    hooked.use(crm.middleware());
    hooked.all('/', ...before(), hold.hook, ...after(), answer);

    const expected = withoutTimes(await exchangeBytes(await serve(plain), request));
    const { early, bytes } = await exchangeHeld(await serve(hooked), request, hold);
    expect(await posted()).toHaveLength(1);
    expect(rejected).toEqual([]);
    return { expected, early: withoutTimes(early), bytes: withoutTimes(bytes) };
  }

  /** Those of which nothing goes out before their end. */
  const whole: Record<string, RequestHandler> = {
    json: (_req, res) => res.status(201).json({ text: 'é😀' }),
    'end with a text': (_req, res) => res.end('text'),
    'end with an encoding and a callback': (_req, res) => res.end('6f6b', 'hex', () => undefined),
    'end without a body': (_req, res) => res.end(),
    'a reason of its own': (_req, res) => {
      res.statusMessage = 'Quite Fine';
      res.end('text');
    },
    'headers as they were written': (_req, res) => {
      res.setHeader('x-lower', '1');
      res.setHeader('X-UPPER', '2');
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      res.removeHeader('X-Powered-By');
      res.send('text');
    },
    '204': (_req, res) => res.status(204).end(),
    '304': (_req, res) => res.status(304).end(),
    redirect: (_req, res) => {
      res.redirect(303, '/elsewhere');
    },
  };

  /** Those whose end alone is held. */
  const inParts: Record<string, RequestHandler> = {
    sendFile: (_req, res) => {
      res.sendFile(join(directory(), 'report.txt'));
    },
    pipe: (_req, res) => Readable.from(['one', 'two']).pipe(res),
    'write and trailers': (_req, res) => {
      res.setHeader('Trailer', 'X-Sum');
      res.write('one');
      res.addTrailers({ 'X-Sum': '3' });
      res.end('two');
    },
    'server-sent events': (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
      res.end();
    },
    'writeHead with raw headers': (_req, res) => {
      res.writeHead(299, 'Odd', ['X-A', '1', 'X-A', '2']);
      res.end('ok');
    },
  };

  it.each(Object.keys(whole).flatMap((name) => ['GET', 'HEAD'].map((method) => [name, method] as const)))(
    '%s (%s): nothing of it goes out before',
    async (name, method) => {
      const { expected, early, bytes } = await exchangeBoth(whole[name]!, requestText(method, '/'));

      expect(early).toBe('');
      expect(bytes).toBe(expected);
    },
  );

  // Node refuses trailers where there is no body, with a hook and without.
  const methodsOf = (name: string): string[] => (name.includes('trailers') ? ['GET'] : ['GET', 'HEAD']);

  it.each(Object.keys(inParts).flatMap((name) => methodsOf(name).map((method) => [name, method] as const)))(
    '%s (%s): what was written before its end goes out at once',
    async (name, method) => {
      writeFileSync(join(directory(), 'report.txt'), notes);

      const { expected, early, bytes } = await exchangeBoth(inParts[name]!, requestText(method, '/'));

      expect(withoutChunkSizes(expected).startsWith(withoutChunkSizes(early))).toBe(true);
      // A HEAD has no body whose first part could send the head with it.
      // And a small file is one chunk, which completes it.
      if (method === 'GET' && !/^(writeHead|sendFile)/.test(name)) expect(early).toContain('HTTP/1.1 200 OK');
      expect(withoutChunkSizes(bytes)).toBe(withoutChunkSizes(expected));
    },
  );

  const answerNotes: RequestHandler = (req, res) => {
    // A changed session is saved before the response may end. Typed as optional where there is none.
    if ((req as { session?: unknown }).session !== undefined) req.session.visits = 1;
    res.status(201).json({ notes });
  };

  it.each(Object.keys(others).flatMap((name) => [`${name}, before the hook`, `${name}, after the hook`]))(
    'beside %s',
    async (title) => {
      const [name, where] = title.split(', ') as [string, string];
      const chain = others[name]!;
      const request = requestText('POST', '/', { 'accept-encoding': 'gzip' });

      const { expected, bytes } =
        where === 'before the hook'
          ? await exchangeBoth(answerNotes, request, chain)
          : await exchangeBoth(answerNotes, request, undefined, chain);

      expect(bytes).toBe(expected);
      expect(bytes).toContain('201 Created');
    },
  );

  it('compressed, it decodes to what the handler answered', async () => {
    const request = requestText('POST', '/', { 'accept-encoding': 'gzip', connection: 'close' });
    const { bytes } = await exchangeBoth(answerNotes, request, others['compression']);

    expect(gunzipSync(Buffer.from(bodyOf(bytes), 'latin1')).toString()).toBe(JSON.stringify({ notes }));
  });

  it('written beyond what the sockets hold: `write` says so, and `drain` comes, as ever', async () => {
    const { crm } = await setStage();
    const hold = createHold();
    const blocked = createDeferred();
    const part = Buffer.alloc(1024 * 1024, 'x');
    let parts = 0;
    const app = express();
    app.use(crm.middleware());
    app.get('/', hold.hook, (_req, res) => {
      const writeOn = (): void => {
        while (parts < 32) {
          parts += 1;
          if (res.write(part)) continue;
          blocked.resolve();
          res.once('drain', writeOn);
          return;
        }
        res.end('end');
      };
      writeOn();
    });
    const served = await serve(app);

    const client = openClient(served, requestText('GET', '/'));
    client.socket.pause();
    await blocked.promise;
    const partsBeforeReading = parts;
    client.socket.resume();
    await hold.begun;
    await roundTrip(served);
    expect(partsBeforeReading).toBeLessThan(32);
    expect(client.text.endsWith('end\r\n0\r\n\r\n')).toBe(false);
    hold.letGo();
    await client.closed;

    expect(bodyOf(client.text)).toHaveLength(32 * part.length + 3);
    expect(client.text.endsWith('end\r\n0\r\n\r\n')).toBe(true);
  });
});

/** The body of a chunked message, as latin1 text. */
function bodyOf(bytes: string): string {
  const joined = withoutChunkSizes(bytes);
  return joined.slice(joined.indexOf('\r\n\r\n') + 4, joined.lastIndexOf('0\r\n\r\n'));
}
