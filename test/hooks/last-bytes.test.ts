import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { RequestHandler, Response } from 'express';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createHold, exchangeHeld, openClient } from '../helpers/held-route.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { exchangeBytes, requestText, useServer } from '../helpers/served.js';
import { useCrm } from '../helpers/use-crm.js';

const get = requestText('GET', '/');

describe.each(expressVersions)('A6: a response whose client knows its length, on $version', ({ express }) => {
  const create = useNotifiers();
  const startCrm = useCrm();
  const serve = useServer();
  const directory = mkdtempSync(join(tmpdir(), 'crm-notifier-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'ticket.txt');
  writeFileSync(file, `${'x'.repeat(200_000)}the end`);

  const ways: Readonly<Record<string, (res: Response) => void>> = {
    sendFile: (res) => {
      res.sendFile(file);
    },
    'a pipe': (res) => {
      res.set('content-length', '11');
      Readable.from(['hello ', 'w', 'orld']).pipe(res);
    },
    'write and, later, end': (res) => {
      res.set('content-length', '11');
      res.write('hello ');
      res.write('world');
      setImmediate(() => res.end());
    },
    'a length in a list': (res) => {
      res.setHeader('content-length', ['11']);
      res.write('hello ');
      res.write('world');
      setImmediate(() => res.end());
    },
    'a length in a list for writeHead': (res) => {
      res.writeHead(200, { 'content-length': ['11'] as unknown as string });
      res.write('hello ');
      res.write('world');
      setImmediate(() => res.end());
    },
    'write whose callback ends': (res) => {
      res.writeHead(200, { 'content-length': 5 });
      res.write('world', () => res.end());
    },
    'write of all and no end at all': (res) => {
      res.set('content-length', '5').set('connection', 'close');
      res.write(Buffer.from('world'));
    },
    '204 after flushHeaders': (res) => {
      res.status(204).flushHeaders();
      setImmediate(() => res.end());
    },
    'an empty body after flushHeaders': (res) => {
      res.set('content-length', '0').flushHeaders();
      setImmediate(() => res.end());
    },
  };

  it.each(Object.entries(ways))(
    'is not whole before it is stored, and then as without a hook: %s',
    async (how, answer) => {
      const crm = await startCrm();
      const { notifier, hear } = create({ baseUrl: crm.url });
      const hold = createHold();
      const app = express();
      app.get('/plain', (_req, res) => {
        answer(res);
      });
      app.use(notifier.middleware());
      app.get('/', hold.hook, (_req, res) => {
        answer(res);
      });
      const served = await serve(app);
      const withEnd = !how.includes('no end');

      const { early, bytes } = withEnd
        ? await exchangeHeld(served, get, hold)
        : await (async () => {
            const client = openClient(served, get);
            await hold.begun;
            const soFar = client.text;
            hold.letGo();
            await client.receive('world');
            client.socket.destroy();
            return { early: soFar, bytes: client.text };
          })();

      const head = bytes.slice(0, bytes.indexOf('\r\n\r\n') + 4);
      if (/content-length: 0|^HTTP\/1.1 204/i.test(head)) expect(early).toBe('');
      else expect(early).not.toMatch(/end$|world/);
      if (withEnd) {
        const plain = await exchangeBytes(served, requestText('GET', '/plain'));
        const withoutDate = (text: string): string => text.replace(/\r\nDate: [^\r]+/, '');
        expect(withoutDate(bytes)).toBe(withoutDate(plain));
      }
      await hear('delivered');
      expect(crm.received).toHaveLength(1);
    },
  );

  it('whose client leaves meanwhile: one notification, and no error', async () => {
    const crm = await startCrm();
    const { notifier, hear } = create({ baseUrl: crm.url });
    const hold = createHold();
    const closed = createDeferred();
    const app = express();
    app.use(notifier.middleware());
    app.get('/', hold.hook, ((_req, res) => {
      res.once('close', closed.resolve);
      res.set('content-length', '5').write('world');
    }) as RequestHandler);
    const client = openClient(await serve(app), get);
    await hold.begun;
    client.socket.destroy();
    await closed.promise;
    hold.letGo();
    await hear('delivered');
    expect(crm.received).toHaveLength(1);
  });
});
