import { connect } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { expressVersions } from '../helpers/express-versions.js';
import { booking, registration, token, useReceiver } from './use-receiver.js';

const start = useReceiver();

describe.each(expressVersions)('on $version', ({ express: makeApp }) => {
  it.each([
    ['nothing', undefined],
    ['express.json()', express.json()],
    ['express.raw()', express.raw({ type: () => true })],
    ['a parser of other types', express.urlencoded({ extended: true })],
  ])('takes a notification and a batch with %s before it', async (_what, parser) => {
    const ids: string[] = [];
    const receiver = await start(
      { on: { '*': ({ notification_id }) => ids.push(notification_id) } },
      (app, middleware) => (parser === undefined ? app.use(middleware) : app.use(parser, middleware)),
      makeApp,
    );
    const [one, two, three] = [booking(), booking(), registration()];
    const response = await receiver.notify(one);
    expect(response).toMatchObject({
      status: 200,
      body: { status: 'success', notification_id: one.notification_id, duplicate: false },
    });
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(await receiver.notifyBatch([two, three])).toMatchObject({ status: 200 });
    expect([...ids].sort()).toEqual([one, two, three].map(({ notification_id }) => notification_id).sort());
  });

  it('takes them below the path it is mounted at, and leaves all else to the app', async () => {
    const receiver = await start(
      {},
      (app, middleware) => {
        app.use('/crm', middleware);
        app.post('/notify', (_req, res) => void res.status(299).json({ by: 'app' }));
        app.get('/crm/other', (_req, res) => void res.json({ by: 'app' }));
      },
      makeApp,
    );
    expect(await receiver.get('/crm/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await receiver.get('/crm/health', 'HEAD')).toMatchObject({ status: 200, body: {} });
    expect(await receiver.get('/crm/other')).toMatchObject({ status: 200, body: { by: 'app' } });
    expect(await receiver.notify(booking())).toMatchObject({ status: 299 });
    const response = await fetch(`${receiver.url}/crm/notify/?a=1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(booking()),
    });
    expect(response.status).toBe(200);
    await response.text();
  });
});

describe('its health', () => {
  it.each([
    ['true', () => true, 200],
    ['false', () => false, 503],
    ['a promise of false', () => Promise.resolve(false), 503],
    [
      'an error',
      () => {
        throw new Error('no database');
      },
      503,
    ],
    ['a rejection', () => Promise.reject(new Error('no database')), 503],
  ])('is %s of the app’s function', async (_what, isHealthy, status) => {
    const receiver = await start({ isHealthy });
    const response = await receiver.get('/health');
    expect(response.status).toBe(status);
    expect(JSON.stringify(response.body)).not.toContain('database');
  });
});

it.each(['/notify', '/notify/batch'])('%s takes only POST', async (path) => {
  const receiver = await start();
  const response = await receiver.get(path);
  expect(response).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
  expect(response.headers.allow).toBe('POST');
});

describe('a body', () => {
  it.each([
    ['malformed JSON', Buffer.from('{"secret": hidden'), {}, 400, 'not-json'],
    ['no bytes', Buffer.alloc(0), {}, 400, 'not-json'],
    ['what is no UTF-8', Buffer.from('{"message":"\xff"}', 'latin1'), {}, 400, 'not-json'],
    ['another type', Buffer.from('{}'), { 'content-type': 'text/plain' }, 415, 'not-json-type'],
    ['a form', Buffer.from('a=1'), { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'not-json-type'],
    ['compressed JSON', gzipSync('{}'), { 'content-encoding': 'gzip' }, 415, 'encoded'],
  ])('of %s is refused, without repeating it', async (_what, bytes, headers, status, code) => {
    const receiver = await start();
    const response = await receiver.notify(bytes, headers);
    expect(response).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(response.body)).not.toContain('hidden');
  });

  it.each(['application/json; charset=utf-8', 'application/cloudevents+json', 'APPLICATION/JSON'])(
    'of the type %s is taken',
    async (type) => {
      const receiver = await start();
      expect(await receiver.notify(booking(), { 'content-type': type })).toMatchObject({ status: 200 });
    },
  );

  it('may be as large as the limit, and a byte more is 413', async () => {
    const receiver = await start({ maxBodyBytes: 2_000 });
    const room = 2_000 - JSON.stringify(registration({ message: '' })).length;
    const withMessage = (length: number) => registration({ message: 'x'.repeat(length) });
    expect(await receiver.notify(withMessage(room))).toMatchObject({ status: 200 });
    expect(await receiver.notify(withMessage(room + 1))).toMatchObject({ status: 413, body: { code: 'too-large' } });
  });

  it('that is far too large gets its 413, whether or not it says its length', async () => {
    const receiver = await start({ maxBodyBytes: 2_000 });
    const bytes = Buffer.alloc(5_000_000, 'x');
    expect(await receiver.notify(bytes)).toMatchObject({ status: 413 });
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let index = 0; index < 50; index += 1) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const response = await fetch(`${receiver.url}/notify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    await response.text();
    expect(await receiver.notify(booking())).toMatchObject({ status: 200 });
  });

  it('whose end never comes is not handled', async () => {
    const handled: unknown[] = [];
    const receiver = await start({ on: { '*': (notification) => handled.push(notification) } });
    const text = JSON.stringify(booking());
    const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
    socket.write(
      `POST /notify HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
        `content-length: ${String(text.length + 1)}\r\n\r\n${text}`,
    );
    await once(socket, 'connect');
    socket.end();
    await once(socket.resume(), 'close');
    expect(await receiver.notify(booking())).toMatchObject({ status: 200 });
    expect(handled).toHaveLength(1);
  });

  it('that something else has read is 500, so that it is sent again', async () => {
    const receiver = await start({}, (app, middleware) => {
      app.use((req, _res, next) => {
        req.resume().once('end', next);
      });
      app.use(middleware);
    });
    expect(await receiver.notify(booking())).toMatchObject({ status: 500, body: { code: 'body-gone' } });
  });
});
