import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { CRMConnectionError } from '../../src/index.js';
import { rawReply, useRawServer } from '../helpers/raw-server.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

const success = rawReply('200 OK', '{"status":"success"}');

function idOf(request: string): string | undefined {
  return /^idempotency-key: (.+)$/im.exec(request)?.[1];
}

/** A connection can be used again in the turn of the event loop after the reply's, not in the same. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('connections', () => {
  const create = useService();
  const start = useCrm();
  const startRaw = useRawServer();

  it('are kept: two calls, one socket', async () => {
    const raw = await startRaw((socket) => socket.write(success));
    const { service } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await turn();
    await service.sendNotification(registration);
    await turn();
    await service.testConnection();
    expect(raw.requests).toHaveLength(3);
    expect(raw.connectionCount).toBe(1);
  });

  it('are opened by the first call, not by the constructor', async () => {
    const raw = await startRaw((socket) => socket.write(success));
    const { service } = create({ baseUrl: raw.url });
    await service.close();
    expect(raw.connectionCount).toBe(0);
  });

  it('case 49: one that the server has closed costs one resend, under the same id', async () => {
    const sockets = new Set<Socket>();
    const raw = await startRaw((socket) => {
      // The second request on a connection finds it closed, as after the server's keep-alive time.
      if (sockets.has(socket)) socket.destroy();
      else socket.write(success);
      sockets.add(socket);
    });
    const { service, log } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await turn();
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    expect(raw.requests).toHaveLength(3);
    expect(idOf(raw.requests[1]!)).toBe(idOf(raw.requests[2]!));
    expect(idOf(raw.requests[0]!)).not.toBe(idOf(raw.requests[1]!));
    expect(log.at('error')).toEqual([]);
  });

  it('case 49: is one resend, not a loop', async () => {
    let count = 0;
    const raw = await startRaw((socket) => {
      count += 1;
      if (count === 1) socket.write(success);
      else socket.destroy();
    });
    const { service } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await turn();
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMConnectionError);
    expect(raw.requests).toHaveLength(3);
  });

  it('case 49: a fresh connection that breaks is not tried again', async () => {
    const raw = await startRaw((socket) => socket.destroy());
    const { service } = create({ baseUrl: raw.url });
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMConnectionError);
    expect(raw.requests).toHaveLength(1);
  });

  it('case 49: nor is one that had to be made because the CRM ended the last', async () => {
    let count = 0;
    const raw = await startRaw((socket) => {
      count += 1;
      // As a CRM without keep-alive does, one of whose workers is killed in the middle of the second request.
      if (count === 1) socket.end(rawReply('200 OK', '{}', 'connection: close'));
      else socket.destroy();
    });
    const { service } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await turn();
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMConnectionError);
    expect(raw.requests).toHaveLength(2);
  });

  it('case 49: nor is one on which an answer has begun', async () => {
    let count = 0;
    const raw = await startRaw((socket) => {
      count += 1;
      if (count === 1) socket.write(success);
      else socket.end('HTTP/1.1 200 OK\r\nx-half');
    });
    const { service } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await turn();
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMConnectionError);
    expect(raw.requests).toHaveLength(2);
  });

  it.each<[what: string, onConnection: (socket: Socket) => void]>([
    ['before the request', (socket) => socket.resetAndDestroy()],
    ['once the request has begun', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  ])('case 45: a reset %s is a CRMConnectionError', async (_what, onConnection) => {
    const raw = await startRaw(() => undefined, onConnection);
    const { service } = create({ baseUrl: raw.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ code: 'ERR_CRM_CONNECTION', retryable: true, reason: expect.any(String) });
  });

  it('case 48: a refused connection says so, with its code and cause', async () => {
    const gone = await start();
    await gone.close();
    const { service, log } = create({ baseUrl: gone.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ reason: 'ECONNREFUSED', cause: { code: 'ECONNREFUSED' } });
    expect(error.message).toBe(`the CRM at ${gone.url} was not reached: connection refused (ECONNREFUSED)`);
    expect(log.at('error')).toMatchObject([
      { fields: { err: { code: 'ERR_CRM_CONNECTION', reason: 'ECONNREFUSED' } } },
    ]);
  });

  it('case 48: an unknown host is a CRMConnectionError', async () => {
    const { service } = create({ baseUrl: 'http://no-such-host.invalid' });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ retryable: true, reason: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) });
  });

  it.each([
    ['EAI_AGAIN', 'host name could not be looked up'],
    ['ETIMEDOUT', 'connecting timed out'],
    ['EHOSTUNREACH', 'host unreachable'],
    ['EPIPE', 'connection closed by the CRM'],
    ['EMFILE', 'no file descriptor is left'],
    // A certificate by an authority that this machine does not know, as companies have.
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'the TLS certificate or handshake was refused'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'the TLS certificate or handshake was refused'],
  ])('case 48: %s keeps its code and says "%s"', async (code, meaning) => {
    const dispatcher = new Agent({
      connect: (_options, callback) => {
        callback(Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' }), null);
      },
    });
    const { service } = create({ baseUrl: 'http://127.0.0.1:1', dispatcher });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toMatchObject({ code: 'ERR_CRM_CONNECTION', retryable: true, reason: code });
    expect(error.message).toBe(`the CRM at http://127.0.0.1:1 was not reached: ${meaning} (${code})`);
    await dispatcher.close();
  });

  it('case 49: a name that is never looked up meets the deadline', async () => {
    const dispatcher = new Agent({ connect: () => undefined });
    const { service } = create({ baseUrl: 'http://slow.example.test', dispatcher, timeoutMs: 100 });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ code: 'ERR_CRM_TIMEOUT' });
    await dispatcher.destroy();
  });

  it.each([6000, 10080])('case 5: port %d works, though browsers block it', async (port) => {
    const crm = await start();
    const connect = buildConnector({});
    const dispatcher = new Agent({
      connect: (options, callback) => {
        expect(options.port).toBe(String(port));
        connect({ ...options, port: String(crm.port) }, callback);
      },
    });
    const { service } = create({ baseUrl: `http://127.0.0.1:${port}`, dispatcher });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    await dispatcher.close();
  });

  it.each(['127.0.0.1', '::1'])('case 7: localhost works where it is only %s', async (address) => {
    // Not every machine has a localhost of both families.
    const known = await lookup('localhost', { all: true });
    if (!known.some((entry) => entry.address === address)) return;
    const server = createServer((req, res) => {
      req.resume().on('end', () => res.end('{"status":"success"}'));
    });
    server.listen(0, address);
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      for (const host of ['localhost', 'LOCALHOST']) {
        const { service } = create({ baseUrl: `http://${host}:${port}` });
        expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
      }
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('case 7: localhost. is localhost', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: `http://localhost.:${crm.port}` });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });
});

describe('the end of a direct client', () => {
  const create = useService();
  const start = useCrm();
  const startRaw = useRawServer();

  it('closes its idle connections', async () => {
    const raw = await startRaw((socket) => socket.write(success));
    const { service } = create({ baseUrl: raw.url });
    await service.sendNotification(registration);
    await service.close();
    await raw.waitForClosed(1);
  });

  it('cuts calls under way off, and refuses later ones', async () => {
    const raw = await startRaw(() => undefined);
    const { service } = create({ baseUrl: raw.url });
    const answer = errorOf(service.sendNotification(registration));
    while (raw.requests.length === 0) await new Promise(setImmediate);
    await service.close();
    expect(await answer).toBeInstanceOf(CRMConnectionError);
    const later = await errorOf(service.sendNotification(registration));
    expect(later).toBeInstanceOf(CRMConnectionError);
    expect(later.message).toContain('the client has been closed');
    expect(await service.testConnection()).toBe(false);
  });

  it('may come twice', async () => {
    const { service } = create();
    await Promise.all([service.close(), service.close()]);
    await service.close();
  });

  it('comes by itself at the end of an `await using`', async () => {
    const raw = await startRaw((socket) => socket.write(success));
    {
      await using service = create({ baseUrl: raw.url }).service;
      await service.sendNotification(registration);
    }
    await raw.waitForClosed(1);
  });

  it('leaves a dispatcher of the caller’s open', async () => {
    const crm = await start(accept);
    const dispatcher = new Agent();
    const { service } = create({ baseUrl: crm.url, dispatcher });
    await service.sendNotification(registration);
    await service.close();
    expect(dispatcher.closed).toBe(false);
    crm.answerWith(reply(200, '{}'));
    await dispatcher.close();
  });
});
