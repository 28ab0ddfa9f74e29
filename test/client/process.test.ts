import { usePrograms } from '../helpers/child-program.js';
import { useCrm } from '../helpers/use-crm.js';
import { registration, useService } from '../helpers/use-service.js';

describe('case 52: what surrounds the process', () => {
  const run = usePrograms();
  const start = useCrm();
  const create = useService();

  it('without a file descriptor left a call fails as retryable; with one again the next works', async () => {
    const crm = await start();
    const program = run('out-of-descriptors', { args: [crm.url] });
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(program.lines).toEqual(['ERR_CRM_CONNECTION EMFILE true', 'false', '{"status":"success"}']);
    expect(crm.received).toHaveLength(1);
  }, 20_000);

  it('HTTP_PROXY is not looked at', async () => {
    const crm = await start();
    const proxy = await start();
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NODE_USE_ENV_PROXY: '1' });
    try {
      const { service } = create({ baseUrl: crm.url });
      await service.sendNotification(registration);
    } finally {
      for (const name of ['HTTP_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    }
    expect(crm.received).toHaveLength(1);
    expect(proxy.received).toEqual([]);
  });
});
