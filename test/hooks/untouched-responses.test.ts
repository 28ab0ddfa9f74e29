import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { RequestHandler } from 'express';
import { afterResponse } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

const withoutDate = (bytes: string): string => bytes.replace(/\r\nDate: [^\r]+/, '');

describe.each(expressVersions)('case 31: responses stay as they are on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();
  const directory = useTempDirectory();

  /** Every kind of answer, and whether its body goes through `json` or `send`. */
  const answers: Record<string, { readonly answer: RequestHandler; readonly hasBody: boolean }> = {
    json: { answer: (_req, res) => res.status(201).json({ text: 'é😀\u2028', list: [1, null] }), hasBody: true },
    'send(object)': { answer: (_req, res) => res.send({ id: 1 }), hasBody: true },
    'send(text)': { answer: (_req, res) => res.type('text').send('é😀'), hasBody: true },
    'send(bytes)': { answer: (_req, res) => res.send(Buffer.from([0, 1, 254, 255])), hasBody: true },
    sendStatus: { answer: (_req, res) => res.sendStatus(202), hasBody: true },
    jsonp: { answer: (_req, res) => res.jsonp({ id: 1 }), hasBody: true },
    '204 with a body': { answer: (_req, res) => res.status(204).json({ id: 1 }), hasBody: true },
    '304': { answer: (_req, res) => res.status(304).end(), hasBody: false },
    end: { answer: (_req, res) => res.end('text'), hasBody: false },
    'end with an encoding': { answer: (_req, res) => res.end('6f6b', 'hex'), hasBody: false },
    redirect: {
      answer: (_req, res) => {
        res.redirect(303, '/elsewhere');
      },
      hasBody: false,
    },
    sendFile: {
      answer: (_req, res) => {
        res.sendFile(join(directory(), 'report.txt'));
      },
      hasBody: false,
    },
    download: {
      answer: (_req, res) => {
        res.download(join(directory(), 'report.txt'));
      },
      hasBody: false,
    },
    pipe: { answer: (_req, res) => Readable.from(['one', 'two', 'three']).pipe(res), hasBody: false },
    write: {
      answer: (_req, res) => {
        res.write('one');
        res.write(Buffer.from('two'));
        res.end('three');
      },
      hasBody: false,
    },
    'server-sent events': {
      answer: (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
        res.flushHeaders();
        res.write('data: 1\n\n');
        res.write('data: 2\n\n');
        res.end();
      },
      hasBody: false,
    },
    'writeHead with a reason and raw headers': {
      answer: (_req, res) => {
        res.writeHead(299, 'Odd', ['X-A', '1', 'X-A', '2']);
        res.end(Buffer.from('ok'), () => undefined);
      },
      hasBody: false,
    },
  };

  const requests = ['GET', 'HEAD'].flatMap((method) =>
    [{}, { 'if-none-match': '*' }, { range: 'bytes=5-9' }].map((headers) => requestText(method, '/', headers)),
  );

  it.each(Object.keys(answers))('byte for byte, with hook and without: %s', async (name) => {
    const { answer, hasBody } = answers[name]!;
    writeFileSync(join(directory(), 'report.txt'), 'report '.repeat(20_000));
    const { crm, rejected } = await setStage();
    const plain = express();
    plain.get('/', answer);
    const hooked = express();
    const bodies: unknown[] = [];
    hooked.use(crm.middleware());
    hooked.get(
      '/',
      afterResponse('seen', (body: unknown) => void bodies.push(body), { status: () => true }),
    );
    hooked.get('/', answer);
    const [plainServer, hookedServer] = [await serve(plain), await serve(hooked)];

    for (const text of requests) {
      bodies.length = 0;
      const bytes = withoutDate(await exchangeBytes(hookedServer, text));
      expect(bytes).toBe(withoutDate(await exchangeBytes(plainServer, text)));
      expect(bodies).toHaveLength(1);
      expect(bodies[0] !== undefined).toBe(hasBody);
    }
    expect(rejected).toEqual([]);
  });

  it.each(['write', 'events', 'pipe'])(
    'nothing is buffered: the client has the first part before the second (%s)',
    async (how) => {
      const { crm, posted } = await setStage();
      const goOn = createDeferred();
      const app = express();
      app.use(crm.middleware());
      app.get(
        '/',
        afterResponse('streamed', () => ({ userId: 1, message: 'Streamed' })),
        async (_req, res) => {
          if (how === 'pipe') {
            const source = new Readable({ read: () => undefined });
            source.pipe(res);
            source.push('first');
            await goOn.promise;
            source.push('second');
            source.push(null);
            return;
          }
          if (how === 'events') res.type('text/event-stream').flushHeaders();
          res.write('first');
          await goOn.promise;
          res.end('second');
        },
      );

      const { port } = await serve(app);
      const socket = connect(port, '127.0.0.1').setEncoding('latin1');
      let text = '';
      socket.on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('first')) goOn.resolve();
      });
      socket.write(requestText('GET', '/'));
      await goOn.promise;
      expect(text).not.toContain('second');
      await once(socket, 'close');

      expect(text).toContain('second');
      expect(await posted()).toHaveLength(1);
    },
  );
});
