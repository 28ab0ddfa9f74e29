import { rawReply, useRawServer } from '../helpers/raw-server.js';
import { reply, type Answer } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { useService } from '../helpers/use-service.js';

describe('case 53: testConnection', () => {
  const create = useService();
  const start = useCrm();
  const startRaw = useRawServer();

  const endless: Answer = (_received, res) => {
    const chunk = Buffer.alloc(16 * 1024, 'x');
    const push = (): void => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', push);
    push();
  };

  it.each<[what: string, answer: Answer, isHealthy: boolean]>([
    ['200 with JSON', reply(200, '{"status":"ok"}'), true],
    ['200 with HTML', reply(200, '<html>ok</html>'), true],
    ['200 with nothing', reply(200), true],
    ['200 without end', endless, true],
    ['204', reply(204), false],
    ['302', reply(302, '', { location: '/elsewhere' }), false],
    ['401', reply(401, `not ${testToken}`), false],
    ['404', reply(404), false],
    ['503', reply(503, '{"status":"starting"}'), false],
  ])('%s', async (_what, answer, isHealthy) => {
    const crm = await start(answer);
    const { service, log } = create({ baseUrl: crm.url });
    expect(await service.testConnection()).toBe(isHealthy);
    expect(crm.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health']);
    expect(log.at(isHealthy ? 'info' : 'error')).toMatchObject([{ fields: { baseUrl: crm.url } }]);
    expect(log.text()).not.toContain(testToken);
  });

  it('follows no redirect to another host', async () => {
    const other = await start();
    const crm = await start(reply(301, '', { location: `${other.url}/health` }));
    const { service } = create({ baseUrl: crm.url });
    expect(await service.testConnection()).toBe(false);
    expect(other.received).toEqual([]);
  });

  it('of a CRM that is not there is false', async () => {
    const gone = await start();
    await gone.close();
    const { service, log } = create({ baseUrl: gone.url });
    expect(await service.testConnection()).toBe(false);
    expect(log.at('error')).toMatchObject([{ fields: { code: 'ECONNREFUSED' } }]);
  });

  it('of a CRM that never answers is false at its own limit, not at that of a notification', async () => {
    const raw = await startRaw(() => undefined);
    const { service, log } = create({ baseUrl: raw.url, healthTimeoutMs: 150, timeoutMs: 60_000 });
    const startedAt = performance.now();
    expect(await service.testConnection()).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(log.at('error')).toMatchObject([{ fields: { timeoutMs: 150 } }]);
    await raw.waitForClosed(1);
  });

  it.each([
    ['garbage', 'what is HTTP?\r\n\r\n'],
    ['status 099', rawReply('099 Odd')],
    ['a connection that is closed', ''],
  ])('of a CRM that answers with %s is false', async (_what, bytes) => {
    const raw = await startRaw((socket) => socket.end(bytes));
    const { service } = create({ baseUrl: raw.url, healthTimeoutMs: 2_000 });
    expect(await service.testConnection()).toBe(false);
  });
});
