import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createCrmClient } from '../../src/client/crm-client.js';
import { crmFormat } from '../../src/format/crm-format.js';
import { resolveServiceConfig } from '../../src/config/resolve-config.js';
import { CRMTimeoutError } from '../../src/index.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { useRawServer } from '../helpers/raw-server.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

/** Listens, with room for one waiting connection, and then never takes any: its thread sleeps. */
const deafServer = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

describe('connecting', () => {
  const create = useService();
  const startRaw = useRawServer();

  it('counts towards the deadline, to a host that swallows packets too (case 44)', async () => {
    const worker = new Worker(deafServer, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    // The kernel takes some connections in the server's name; of what does not fit it drops the packets.
    const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    try {
      const { service, log } = create({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 200, healthTimeoutMs: 200 });
      const startedAt = performance.now();
      const error = await errorOf(service.sendNotification(registration));
      expect(error).toBeInstanceOf(CRMTimeoutError);
      expect(error).toMatchObject({ timeoutMs: 200 });
      expect(await service.testConnection()).toBe(false);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(log.at('error')).toHaveLength(2);
    } finally {
      for (const socket of waiting) socket.destroy();
      await worker.terminate();
    }
  });

  it('to a CRM that never ends the TLS handshake is given up, so that the pool gets its connection back', async () => {
    const raw = await startRaw(() => undefined);
    const { service } = create({ baseUrl: raw.url.replace('http:', 'https:'), timeoutMs: 100 });
    expect(await errorOf(service.sendNotification(registration))).toBeInstanceOf(CRMTimeoutError);
    // Without anybody closing the client.
    await raw.waitForClosed(1);
  });

  it('is cut off by the end of the client', async () => {
    const connected: Socket[] = [];
    const raw = await startRaw(
      () => undefined,
      (socket) => connected.push(socket),
    );
    const { service } = create({ baseUrl: raw.url.replace('http:', 'https:'), timeoutMs: 60_000 });
    const answer = errorOf(service.sendNotification(registration));
    while (connected.length === 0) await new Promise(setImmediate);
    await service.close();
    await raw.waitForClosed(1);
    expect(await answer).toMatchObject({ code: 'ERR_CRM_CONNECTION' });
  });
});

describe('the deadlines by default', () => {
  const startRaw = useRawServer();

  it('are 10 seconds for a notification and 5 for a health check', async () => {
    const raw = await startRaw(() => undefined);
    const clock = createOwnedClock();
    const logger = createSafeLogger(createLogCollector());
    const { target } = resolveServiceConfig({ baseUrl: raw.url, authToken: 'a-token', logger, env: {} });
    const client = createCrmClient({ ...target, connections: 2, clock, logger, format: crmFormat });
    const ended: string[] = [];
    const request = { path: '/notify', headers: [], body: Buffer.from('{}') };
    const post = client.post(request).then(({ kind }) => ended.push(`post: ${kind}`));
    const health = client.health().then(({ kind }) => ended.push(`health: ${kind}`));
    while (raw.requests.length < 2) await new Promise(setImmediate);

    await clock.advance(4_999);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['health: timeout']);
    await clock.advance(4_999);
    expect(ended).toEqual(['health: timeout']);
    await clock.advance(1);
    expect(ended).toEqual(['health: timeout', 'post: timeout']);
    await Promise.all([post, health, client.close()]);
  });
});
