import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { createCrmClient } from '../../src/client/crm-client.js';
import { crmFormat } from '../../src/format/crm-format.js';
import type { Exchange } from '../../src/client/exchange.js';
import { systemClock } from '../../src/core/clock.js';
import { CRMConnectionError, CRMHttpError, CRMResponseError, CRMTimeoutError } from '../../src/index.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { rawReply, useRawServer } from '../helpers/raw-server.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

describe('replies that the direct client throws for', () => {
  const create = useService();
  const start = useCrm();

  it.each<[what: string, status: number, body: string]>([
    ['HTML', 200, '<!doctype html><title>ok</title>'],
    ['nothing', 200, ''],
    ['broken JSON', 200, '{"status":"succ'],
    ['nothing', 201, ''],
    ['nothing', 202, ''],
    ['nothing', 204, ''],
  ])('case 37: %s under %d is a CRMResponseError', async (_what, status, body) => {
    const crm = await start(reply(status, body));
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMResponseError);
    expect(error).toMatchObject({ code: 'ERR_CRM_INVALID_RESPONSE', retryable: false, status });
    expect(error.message).toBe(`CRM responded ${status}, so it took the notification, but its reply is not JSON`);
  });

  it.each([301, 302, 303, 307, 308])('case 38: a %d is not followed; the other server sees nothing', async (status) => {
    const other = await start();
    const crm = await start(reply(status, '', { location: `${other.url}/notify` }));
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMHttpError);
    expect(error).toMatchObject({ status, retryable: false });
    expect(crm.received).toHaveLength(1);
    expect(other.received).toEqual([]);
  });

  it('case 38: a redirect to itself, or to nowhere, is one request', async () => {
    const crm = await start(reply(302, '', { location: '/notify' }));
    const { service } = create({ baseUrl: crm.url });
    await errorOf(service.sendNotification(registration));
    crm.answerWith(reply(302));
    await errorOf(service.sendNotification(registration));
    expect(crm.received).toHaveLength(2);
  });

  it.each<[status: number, retryable: boolean]>([
    ...[400, 403, 404, 405, 410, 413, 415, 418, 422, 501, 505].map((status) => [status, false] as [number, boolean]),
    ...[408, 409, 425, 429, 500, 502, 503, 504, 507, 599].map((status) => [status, true] as [number, boolean]),
  ])('cases 39 and 40: %d is a CRMHttpError with retryable %s, after one request', async (status, retryable) => {
    const crm = await start(reply(status, '{"error":"the CRM says why"}'));
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMHttpError);
    expect(error).toMatchObject({ code: 'ERR_CRM_HTTP', status, retryable, retryAfterMs: undefined });
    expect(error.message).toContain(String(status));
    expect(error.message).toContain('the CRM says why');
    expect(crm.received).toHaveLength(1);
  });

  it('case 42: tells how long the CRM asked to wait', async () => {
    const crm = await start(reply(429, '', { 'retry-after': '120' }));
    const { service } = create({ baseUrl: crm.url });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ retryAfterMs: 120_000 });
  });

  it('case 47: a refusal that echoes token, request, escapes and NULs is scrubbed and cut', async () => {
    const crm = await start((received, res) => {
      const echo = `${String(received.headers.authorization)} \u001b[31mred\u001b[0m <script> ${received.text}`;
      reply(400, echo + '\0'.repeat(1024 * 1024))(received, res);
    });
    const { service, log } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    for (const shown of [error.message, inspect(error, { depth: 9, showHidden: true }), log.text()]) {
      expect(shown).not.toContain(testToken);
      expect(shown).not.toContain('ada@example.com');
      expect(shown).not.toContain('New user registered');
      expect(shown).not.toContain('\u001b');
      expect(shown).not.toContain('\0');
    }
    expect(error.message.length).toBeLessThan(1_100);
  });
});

describe('replies that are too long or break HTTP', () => {
  const create = useService();
  const start = useCrm();
  const startRaw = useRawServer();

  const endlessly = (res: ServerResponse): void => {
    const chunk = Buffer.alloc(16 * 1024, 'x');
    const push = (): void => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', push);
    push();
  };

  it.each([200, 500])(
    'case 43: of an endless reply under %d at most 64 KB are read, then the socket ends',
    async (status) => {
      let left: ((writtenBytes: number) => void) | undefined;
      const clientLeft = new Promise<number>((resolve) => (left = resolve));
      const crm = await start((_received, res) => {
        const { socket } = res;
        res.on('close', () => left?.(socket?.bytesWritten ?? 0));
        res.writeHead(status);
        endlessly(res);
      });
      const { service } = create({ baseUrl: crm.url });
      const error = await errorOf(service.sendNotification(registration));
      expect(error).toMatchObject({ code: status === 200 ? 'ERR_CRM_INVALID_RESPONSE' : 'ERR_CRM_HTTP', status });
      // What the server got rid of lies in the buffers of the two sockets, and does not grow with the reply.
      expect(await clientLeft).toBeLessThan(16 * 1024 * 1024);
      // And the next one is unharmed.
      crm.answerWith(accept);
      expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    },
  );

  it('case 43: JSON of exactly 64 KB is read, one byte more is not', async () => {
    const jsonOf = (size: number): string => JSON.stringify({ text: 'x'.repeat(size - '{"text":""}'.length) });
    const crm = await start(reply(200, jsonOf(65_536)));
    const { service } = create({ baseUrl: crm.url });
    expect(Object.keys(await service.sendNotification(registration))).toEqual(['text']);
    crm.answerWith(reply(200, jsonOf(65_537)));
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMResponseError);
  });

  it('case 43: a compressed reply, although none was asked for, is not unpacked', async () => {
    const crm = await start((_received, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]));
    });
    const { service } = create({ baseUrl: crm.url });
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMResponseError);
  });

  it.each(['102 Processing', '103 Early Hints'])('case 41: a %s before the 200 is passed over', async (announced) => {
    const raw = await startRaw((socket) => {
      socket.write(`HTTP/1.1 ${announced}\r\n\r\n${rawReply('200 OK', '{"status":"success"}')}`);
    });
    const { service } = create({ baseUrl: raw.url });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });

  it('case 41: a 100 Continue that nobody asked for breaks the exchange, and the client is unharmed', async () => {
    const raw = await startRaw((socket) => {
      const isFirst = raw.requests.length <= 1;
      socket.write(`${isFirst ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''}${rawReply('200 OK', '{"status":"success"}')}`);
    });
    const { service } = create({ baseUrl: raw.url });
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMConnectionError);
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });

  it('case 45: a connection that breaks within a 2xx reply: taken, but unreadable', async () => {
    const raw = await startRaw((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"status":'));
    const { service } = create({ baseUrl: raw.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error.message).toContain('took the notification');
    expect(raw.requests).toHaveLength(1);
  });

  const oddReplies: [what: string, bytes: string][] = [
    ['case 40: status 099', rawReply('099 Odd', '{}')],
    ['case 41: an unasked-for 101', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['case 46: a Content-Length that is too large', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}'],
    ['case 46: a negative Content-Length', 'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}'],
    ['case 46: two different Content-Lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    [
      'case 46: Content-Length with chunked',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}',
    ],
    ['case 46: garbage', 'what is HTTP?\r\n\r\n'],
    ['case 46: HTTP/0.9', '<html>hello</html>'],
    ['case 46: a header of 20 KB', rawReply('200 OK', '{}', `x-large: ${'x'.repeat(20 * 1024)}`)],
    ['case 46: nothing at all', ''],
  ];

  it.each(oddReplies)('%s is a failure, and the next request is unharmed', async (_what, bytes) => {
    let isOdd = true;
    const raw = await startRaw((socket) => {
      if (isOdd) socket.end(bytes, 'latin1');
      else socket.write(rawReply('200 OK', '{"status":"success"}'));
    });
    const { service } = create({ baseUrl: raw.url, timeoutMs: 2_000 });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ code: 'ERR_CRM_CONNECTION', retryable: true });
    expect(error.message).not.toContain('hello');
    isOdd = false;
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });

  it.each(['600', '999'])('case 40: status %s is a failure of the server, never a crash', async (status) => {
    const raw = await startRaw((socket) => socket.write(rawReply(`${status} Odd`, '{}')));
    const { service } = create({ baseUrl: raw.url });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({
      code: 'ERR_CRM_HTTP',
      status: Number(status),
      retryable: true,
    });
  });

  it.each([
    ['a Content-Length that is too small', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}{"more":true}'],
    ['a second reply behind the first', rawReply('200 OK', '{}') + rawReply('200 OK', '{"of":"nobody"}')],
  ])('case 46: %s never becomes the answer to the next request', async (_what, bytes) => {
    let count = 0;
    const raw = await startRaw((socket) => {
      count += 1;
      socket.write(count === 1 ? bytes : rawReply('200 OK', '{"status":"success"}'));
    });
    const { service } = create({ baseUrl: raw.url, timeoutMs: 2_000 });
    expect(await service.sendNotification(registration)).toEqual({});
    await raw.waitForClosed(1);
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });
});

describe('case 44: the total deadline', () => {
  const create = useService();
  const startRaw = useRawServer();

  it.each<[what: string, wait: (write: (text: string) => void) => void]>([
    ['accepts and never answers', () => undefined],
    ['sends its headers one byte at a time', (write) => write('HTTP/1.1 200 OK\r\nx-slow: ')],
  ])('fires when the CRM %s', async (_what, begin) => {
    const timers = new Set<NodeJS.Timeout>();
    const raw = await startRaw((socket) => {
      begin((text) => {
        socket.write(text);
        const timer = setInterval(() => socket.write('x'), 20);
        timers.add(timer);
        socket.on('close', () => clearInterval(timer));
      });
    });
    const { service, log } = create({ baseUrl: raw.url, timeoutMs: 150 });
    const startedAt = performance.now();
    const error = await errorOf(service.sendNotification(registration));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(performance.now() - startedAt).toBeGreaterThan(140);
    expect(error).toBeInstanceOf(CRMTimeoutError);
    expect(error).toMatchObject({ code: 'ERR_CRM_TIMEOUT', retryable: true, timeoutMs: 150 });
    expect(log.at('error')).toHaveLength(1);
    await raw.waitForClosed(1);
    for (const timer of timers) clearInterval(timer);
  });

  it('fires when a 2xx body drips for ever; the error says that the notification was taken', async () => {
    const raw = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{"text":"');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const { service } = create({ baseUrl: raw.url, timeoutMs: 150 });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMTimeoutError);
    expect(error.message).toContain('took the notification');
    await raw.waitForClosed(1);
  });

  it('covers the wait for a connection: a request that waited too long is never sent', async () => {
    let isSilent = true;
    const raw = await startRaw((socket) => {
      if (!isSilent) socket.write(rawReply('200 OK', '{"status":"success"}'));
    });
    const { service } = create({ baseUrl: raw.url, timeoutMs: 200 });
    // More calls than the pool has connections: the last ones wait in its queue.
    const errors = await Promise.all(Array.from({ length: 40 }, () => errorOf(service.sendNotification(registration))));
    expect(errors.every((error) => error instanceof CRMTimeoutError)).toBe(true);
    // The same of the layer below, which tells what was sent.
    const client = createCrmClient({
      baseUrl: raw.url,
      authToken: testToken,
      timeoutMs: 200,
      healthTimeoutMs: 200,
      dispatcher: undefined,
      auth: undefined,
      tls: undefined,
      proxy: undefined,
      connections: 4,
      clock: systemClock,
      logger: createSafeLogger(createLogCollector()),
      format: crmFormat,
    });
    const post = (): Promise<Exchange> => client.post({ path: '/notify', headers: [], body: Buffer.from('{}') });
    const outcomes = await Promise.all(Array.from({ length: 12 }, post));
    expect(outcomes.map(({ kind }) => kind)).toEqual(new Array(12).fill('timeout'));
    // One that got a connection of those that were given up, just before its own deadline, was sent.
    const sent = outcomes.filter((outcome) => outcome.kind === 'timeout' && outcome.wasSent);
    expect(sent.length).toBeGreaterThanOrEqual(4);
    expect(sent.length).toBeLessThan(12);
    isSilent = false;
    // Whatever still waits in the queue would be sent before this one.
    expect(await post()).toMatchObject({ kind: 'reply', status: 200 });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    // By their length, since one of those given up above may be read as late as now.
    const posted = raw.requests.filter((text) => /^content-length: 2\r$/im.test(text));
    expect(posted).toHaveLength(sent.length + 1);
    await client.close();
  });

  it('a reply after the deadline settles nothing and harms nothing', async () => {
    let answerLate: (() => void) | undefined;
    let isLate = true;
    const raw = await startRaw((socket) => {
      if (isLate) answerLate = () => socket.write(rawReply('200 OK', '{"too":"late"}'));
      else socket.write(rawReply('200 OK', '{"status":"success"}'));
    });
    const { service } = create({ baseUrl: raw.url, timeoutMs: 100 });
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMTimeoutError);
    answerLate?.();
    isLate = false;
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });
});
