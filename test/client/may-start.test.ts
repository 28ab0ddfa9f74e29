import type { Socket } from 'node:net';
import { createCrmClient, type CrmClient } from '../../src/client/crm-client.js';
import type { Exchange } from '../../src/client/exchange.js';
import { resolveServiceConfig } from '../../src/config/resolve-config.js';
import { systemClock } from '../../src/core/clock.js';
import { crmFormat } from '../../src/format/crm-format.js';
import { createSafeLogger } from '../../src/telemetry/logger.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { rawReply, useRawServer } from '../helpers/raw-server.js';

describe('a client whose requests may not start any more', () => {
  const startRaw = useRawServer();
  let mayStart: boolean;
  let client: CrmClient;
  const open = (baseUrl: string): void => {
    const logger = createSafeLogger(createLogCollector());
    const { target } = resolveServiceConfig({ baseUrl, authToken: 'a-token', logger, env: {} });
    const options = { ...target, connections: 1, clock: systemClock, logger, format: crmFormat };
    mayStart = true;
    client = createCrmClient({ ...options, mayStart: () => mayStart });
  };
  const post = (): Promise<Exchange> => client.post({ path: '/notify', headers: [], body: Buffer.from('{}') });
  const answer = (socket: Socket): void => {
    socket.write(rawReply('200 OK', '{"status":"success"}'));
  };
  afterEach(() => client.close());

  it('does not send what waits for a connection', async () => {
    const raw = await startRaw((socket) => {
      mayStart = false;
      answer(socket);
    });
    open(raw.url);
    const [first, second] = await Promise.all([post(), post()]);
    expect(first).toMatchObject({ kind: 'reply', status: 200 });
    expect(second).toMatchObject({ kind: 'failure', wasSent: false });
    expect(raw.requests).toHaveLength(1);
    mayStart = true;
    expect(await post()).toMatchObject({ kind: 'reply', status: 200 });
  });

  it('does not send once more what the server reset a used connection for', async () => {
    const raw = await startRaw((socket) => {
      if (raw.requests.length === 1) answer(socket);
      else {
        mayStart = false;
        socket.resetAndDestroy();
      }
    });
    open(raw.url);
    expect(await post()).toMatchObject({ kind: 'reply', status: 200 });
    expect(await post()).toMatchObject({ kind: 'failure', wasSent: false });
    expect(raw.requests).toHaveLength(2);
  });
});
