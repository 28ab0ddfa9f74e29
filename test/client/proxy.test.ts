import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { CRMNotificationService } from '../../src/index.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { testToken, useNotifiers } from '../helpers/observed-notifier.js';
import { reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { builtPackage } from '../post-office/built-thread.js';

describe('a proxy', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let proxy: Server;
  let url: string;
  let asked: { readonly target: string | undefined; readonly authorization: string | undefined }[];
  const sockets = new Set<Socket>();
  beforeEach(async () => {
    asked = [];
    proxy = createServer();
    proxy.on('connect', (req, client: Socket) => {
      asked.push({ target: req.url, authorization: req.headers['proxy-authorization'] });
      const [host, port] = (req.url ?? '').split(':');
      const server = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        server.pipe(client);
        client.pipe(server);
      });
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    url = `http://ada:geheim@127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  it.each([false, true])('is gone through with its own credentials, which no log shows; thread: %s', async (thread) => {
    const crm = await start();
    const options = { baseUrl: crm.url, proxy: url, thread, outbox: directory() };
    const observed = create(options, builtPackage().createNotifier);
    await observed.accept('a', 'b');
    await observed.hear('delivered', 2);
    expect(crm.received).toHaveLength(2);
    expect(asked[0]).toEqual({
      target: new URL(crm.url).host,
      authorization: `Basic ${Buffer.from('ada:geheim').toString('base64')}`,
    });
    expect(observed.log.at('warn')).toEqual([]);
    expect(JSON.stringify(observed.log.lines)).not.toContain('geheim');
  });

  it('is gone through for OAuth tokens as well', async () => {
    const crm = await start();
    const server = await start(reply(200, '{"access_token":"a-token"}', { 'content-type': 'application/json' }));
    const auth = { kind: 'oauth2', tokenUrl: server.url, clientId: 'us', clientSecret: 'a-client-secret' } as const;
    const observed = create({ targets: { crm: { baseUrl: crm.url, proxy: url, auth } } });
    await observed.accept('a');
    await observed.hear('delivered');
    expect(crm.received[0]?.headers.authorization).toBe('Bearer a-token');
    expect(asked.map(({ target }) => target)).toEqual([new URL(server.url).host, new URL(crm.url).host]);
  });

  it('that is gone is an outage, and nothing is lost', async () => {
    const crm = await start();
    const { port } = proxy.address() as AddressInfo;
    await new Promise((resolve) => proxy.close(resolve));
    const observed = create({ baseUrl: crm.url, proxy: url });
    await observed.accept('a');
    await observed.hear('paused');
    expect(await observed.stats()).toMatchObject({ pending: 1, dead: 0 });
    proxy.listen(port, '127.0.0.1');
    await observed.hear('delivered');
    expect(JSON.stringify(observed.log.lines)).not.toContain('geheim');
  });

  it.each([
    [407, 'http'],
    [407, 'https'],
    [502, 'http'],
  ])('that responds %d is named with that status as the reason of the outage, for %s', async (status, scheme) => {
    proxy.removeAllListeners('connect');
    proxy.on('connect', (_req, client: Socket) => {
      sockets.add(client);
      client.on('error', () => undefined);
      client.end(`HTTP/1.1 ${String(status)} geheim\r\ncontent-length: 0\r\n\r\n`);
    });
    const observed = create({ baseUrl: `${scheme}://127.0.0.1:9`, proxy: url });
    await observed.accept('a');
    await observed.hear('paused');
    const code = `ERR_CRM_PROXY_${String(status)}`;
    expect(observed.told('paused')).toMatchObject([{ cause: { kind: 'unreachable', code } }]);
    expect(observed.log.at('error')).toMatchObject([
      { message: expect.stringContaining(`(${code}); delivery is paused`) },
    ]);
    expect(await observed.stats()).toMatchObject({ pending: 1, dead: 0 });
    expect(JSON.stringify(observed.log.lines)).not.toContain('geheim');
  });

  it.each(['proxy.internal:3128', 'socks5://geheim', '', 5])('is refused: %p', (wrong) => {
    const make = () =>
      new CRMNotificationService({
        env: {},
        authToken: testToken,
        proxy: wrong as string,
        logger: createLogCollector(),
      });
    expect(make).toThrow('must be the URL of a proxy');
    expect(make).not.toThrow('geheim');
  });
});
