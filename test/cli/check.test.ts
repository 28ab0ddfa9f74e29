import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useRawServer } from '../helpers/raw-server.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { cliToken, objectsIn, useCli, useCliRuns, type CliEnd } from './cli-program.js';

jest.setTimeout(30_000);

/** A CRM that looks at the token on every route. */
const guarded: Answer = (received, res) => {
  const isKnown = received.headers.authorization === `Bearer ${cliToken}`;
  (isKnown ? accept : reply(401, '{"error":"no"}'))(received, res);
};

describe('crm-notifier check', () => {
  const run = useCliRuns();
  const startCli = useCli();
  const start = useCrm();
  const startRaw = useRawServer();
  const directory = useTempDirectory();

  const check = async (baseUrl: string, ...args: string[]): Promise<CliEnd> => {
    const end = await run(['check', '--base-url', baseUrl, '--json', ...args]);
    expect(end.stdout + end.stderr).not.toContain(cliToken);
    return end;
  };
  const troubleOf = (end: CliEnd): unknown => {
    expect(end.code).toBe(1);
    const [result, ...more] = objectsIn(end);
    expect(more).toEqual([]);
    expect(result).toMatchObject({ ok: false, message: expect.any(String), advice: expect.any(String) });
    return result?.['trouble'];
  };

  it('says that nobody listens', async () => {
    const crm = await start();
    await crm.close();
    expect(troubleOf(await check(crm.url))).toBe('refused');
  });

  it('says that the host is not known', async () => {
    const end = await check('https://crm.invalid');
    expect(troubleOf(end)).toBe('refused');
    expect(end.stdout).toContain('the host of https://crm.invalid is not known');
  });

  it('says that it does not answer in time', async () => {
    const crm = await start(() => undefined);
    expect(troubleOf(await check(crm.url, '--timeout-ms', '200'))).toBe('timeout');
  });

  it.each([401, 403])('says that the token is refused, by %i', async (status) => {
    const crm = await start(reply(status, `not ${cliToken}`));
    const end = await check(crm.url);
    expect(troubleOf(end)).toBe('wrong-token');
    expect(objectsIn(end)).toMatchObject([{ token: 'refused' }]);
  });

  it('says of a refused token that none is set', async () => {
    const crm = await start(reply(401));
    const end = await run(['check'], { env: { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: 'your-secret-token' } });
    expect(end.stdout).toContain('Set CRM_AUTH_TOKEN');
  });

  it('says that what answers is no CRM: HTML, nothing, or not even HTTP', async () => {
    const html = await start(reply(200, '<html>Welcome</html>'));
    expect(troubleOf(await check(html.url))).toBe('not-json');
    const empty = await start(reply(200));
    expect(troubleOf(await check(empty.url))).toBe('not-json');
    const raw = await startRaw((socket) => socket.end('SSH-2.0-something\r\n'));
    expect(troubleOf(await check(raw.url))).toBe('not-json');
  });

  it.each([302, 404, 503])('says of %i that it is not well', async (status) => {
    const crm = await start(reply(status, '{}', { location: 'http://elsewhere.invalid/' }));
    expect(troubleOf(await check(crm.url))).toBe('unhealthy');
  });

  it('ends at once, with exit code 130, when it is interrupted', async () => {
    const crm = await start(() => undefined);
    const cli = startCli(['check', '--base-url', crm.url, '--timeout-ms', '600000']);
    await crm.waitFor(1);
    cli.kill('SIGINT');
    expect(await cli.ended).toMatchObject({ code: 130, signal: null, stdout: '' });
  });

  it('creates nothing, and says plainly that the token was not tested', async () => {
    const crm = await start();
    const end = await run(['check'], { env: { CRM_BASE_URL: crm.url } });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toContain('The token was NOT tested');
    expect(end.stdout).toContain('--send-test');
    expect(crm.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health', 'GET /health']);
  });

  it('knows that the token is taken by a CRM that refuses the same question without one', async () => {
    const crm = await start(guarded);
    const end = await check(crm.url);
    expect(end.code).toBe(0);
    expect(objectsIn(end)).toEqual([{ ok: true, baseUrl: crm.url, token: 'accepted' }]);
  });

  it('takes the token from a file', async () => {
    const file = join(directory(), 'token');
    writeFileSync(file, `${cliToken}\n`);
    const crm = await start(guarded);
    const end = await run(['check', '--token-file', file], { env: { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: 'other' } });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const none = await run(['check', '--token-file', join(directory(), 'none')]);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/^error: the token's file .*none cannot be read \(ENOENT\)\n$/);
  });

  describe('--send-test', () => {
    it('posts one notification of type connection_test', async () => {
      const crm = await start();
      const end = await check(crm.url, '--send-test');
      expect(objectsIn(end)).toEqual([{ ok: true, baseUrl: crm.url, token: 'accepted' }]);
      const posted = crm.received.filter(({ method }) => method === 'POST');
      expect(posted).toMatchObject([
        { url: '/notify', json: { notification_type: 'connection_test', user_id: 'connection_test' } },
      ]);
    });

    it('finds the wrong token that /health did not look at', async () => {
      const crm = await start((received, res) => (received.url === '/health' ? accept : reply(401))(received, res));
      expect(troubleOf(await check(crm.url, '--send-test'))).toBe('wrong-token');
    });

    it('tells a CRM that refuses the test notification from one that refuses the token', async () => {
      const crm = await start((received, res) => (received.url === '/health' ? accept : reply(422))(received, res));
      const end = await check(crm.url, '--send-test', '--test-user-id', '7');
      expect(troubleOf(end)).toBe('unhealthy');
      expect(end.stdout).toContain('--test-user-id');
      expect(crm.received.at(-1)?.json).toMatchObject({ user_id: 7 });
    });
  });
});
