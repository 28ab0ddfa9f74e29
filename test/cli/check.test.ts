import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useRawServer } from '../helpers/raw-server.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { cliToken, objectsIn, useCli, useCliRuns, type CliEnd } from './cli-program.js';

jest.setTimeout(30_000);

/** A CRM that checks the token on every route. */
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
  const errorDataOf = (end: CliEnd): unknown => {
    expect(end.code).toBe(1);
    const [result, ...more] = objectsIn(end);
    expect(more).toEqual([]);
    expect(result).toMatchObject({ ok: false, message: expect.any(String), advice: expect.any(String) });
    return result?.['trouble'];
  };

  it('reports that nothing is listening', async () => {
    const crm = await start();
    await crm.close();
    expect(errorDataOf(await check(crm.url))).toBe('refused');
  });

  it('reports a host name that cannot be resolved', async () => {
    const end = await check('https://crm.invalid');
    expect(errorDataOf(end)).toBe('refused');
    expect(end.stdout).toContain('the host name in https://crm.invalid cannot be resolved');
  });

  it('reports a CRM that does not respond in time', async () => {
    const crm = await start(() => undefined);
    expect(errorDataOf(await check(crm.url, '--timeout-ms', '200'))).toBe('timeout');
  });

  it.each([401, 403])('reports that the token is refused, by status %i', async (status) => {
    const crm = await start(reply(status, `not ${cliToken}`));
    const end = await check(crm.url);
    expect(errorDataOf(end)).toBe('wrong-token');
    expect(objectsIn(end)).toMatchObject([{ token: 'refused' }]);
  });

  it('advises to set a token if the default one is refused', async () => {
    const crm = await start(reply(401));
    const end = await run(['check'], { env: { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: 'your-secret-token' } });
    expect(end.stdout).toContain('Set CRM_AUTH_TOKEN');
  });

  it('reports a server that is not the CRM: HTML, an empty reply, or not even HTTP', async () => {
    const html = await start(reply(200, '<html>Welcome</html>'));
    expect(errorDataOf(await check(html.url))).toBe('not-json');
    const empty = await start(reply(200));
    expect(errorDataOf(await check(empty.url))).toBe('not-json');
    const raw = await startRaw((socket) => socket.end('SSH-2.0-something\r\n'));
    expect(errorDataOf(await check(raw.url))).toBe('not-json');
  });

  it.each([302, 404, 503])('reports status %i as unhealthy', async (status) => {
    const crm = await start(reply(status, '{}', { location: 'http://elsewhere.invalid/' }));
    expect(errorDataOf(await check(crm.url))).toBe('unhealthy');
  });

  it('ends at once with exit code 130 when interrupted', async () => {
    const crm = await start(() => undefined);
    const cli = startCli(['check', '--base-url', crm.url, '--timeout-ms', '600000']);
    await crm.waitFor(1);
    cli.kill('SIGINT');
    expect(await cli.ended).toMatchObject({ code: 130, signal: null, stdout: '' });
  });

  it('creates nothing, and states that the token was not tested', async () => {
    const crm = await start();
    const end = await run(['check'], { env: { CRM_BASE_URL: crm.url } });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toContain('The token was NOT tested');
    expect(end.stdout).toContain('--send-test');
    expect(crm.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health', 'GET /health']);
  });

  it('reports the token as accepted if the CRM refuses the same request without one', async () => {
    const crm = await start(guarded);
    const end = await check(crm.url);
    expect(end.code).toBe(0);
    expect(objectsIn(end)).toEqual([{ ok: true, baseUrl: crm.url, token: 'accepted' }]);
  });

  it('reads the token from a file', async () => {
    const file = join(directory(), 'token');
    writeFileSync(file, `${cliToken}\n`);
    const crm = await start(guarded);
    const end = await run(['check', '--token-file', file], { env: { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: 'other' } });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const none = await run(['check', '--token-file', join(directory(), 'none')]);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/^error: the token file .*none cannot be read \(ENOENT\)\n$/);
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

    it('finds a wrong token that /health did not check', async () => {
      const crm = await start((received, res) => (received.url === '/health' ? accept : reply(401))(received, res));
      expect(errorDataOf(await check(crm.url, '--send-test'))).toBe('wrong-token');
    });

    it('distinguishes a rejected test notification from a refused token', async () => {
      const crm = await start((received, res) => (received.url === '/health' ? accept : reply(422))(received, res));
      const end = await check(crm.url, '--send-test', '--test-user-id', '7');
      expect(errorDataOf(end)).toBe('unhealthy');
      expect(end.stdout).toContain('--test-user-id');
      expect(crm.received.at(-1)?.json).toMatchObject({ user_id: 7 });
    });

    it.each([404, 405, 501])(
      'F23: posts to a CRM that has no /health, which responds with %i there',
      async (status) => {
        const crm = await start((received, res) =>
          (received.url === '/health' ? reply(status) : guarded)(received, res),
        );
        const end = await run(['check', '--send-test'], { env: { CRM_BASE_URL: crm.url } });
        expect(end).toMatchObject({ code: 0, stderr: '' });
        expect(end.stdout).toBe(
          `The CRM at ${crm.url} has no /health, so only the test notification was checked.\n` +
            'It accepted a test notification, so the token is right.\n',
        );
        const known = { baseUrl: crm.url, health: 'missing' };
        expect(objectsIn(await check(crm.url, '--send-test'))).toEqual([{ ok: true, ...known, token: 'accepted' }]);
        const refused = await run(['check', '--send-test', '--json', '--base-url', crm.url], {
          env: { CRM_AUTH_TOKEN: 'another' },
        });
        expect(errorDataOf(refused)).toBe('wrong-token');
        expect(objectsIn(refused)).toMatchObject([{ ...known, token: 'refused' }]);
      },
    );

    it('F23: fails if the CRM does not take the test notification either', async () => {
      const crm = await start(reply(404));
      const end = await run(['check', '--send-test'], { env: { CRM_BASE_URL: crm.url } });
      expect(end.code).toBe(1);
      expect(end.stdout).toContain('has no /health');
      expect(end.stdout).toContain(`Check failed: ${crm.url} responded with 404`);
      expect(end.stdout).toContain('CRM_BASE_URL is the part before');
      expect(end.stdout).not.toContain('add --send-test');
      expect(crm.received.filter(({ method }) => method === 'POST')).toHaveLength(1);
    });

    it('F23: posts nothing to a CRM that is unhealthy for another reason', async () => {
      const crm = await start((received, res) => (received.url === '/health' ? reply(503) : accept)(received, res));
      expect(errorDataOf(await check(crm.url, '--send-test'))).toBe('unhealthy');
      expect(crm.received.map(({ method }) => method)).toEqual(['GET']);
    });
  });

  it.each([404, 405, 501])('F23: advises --send-test where the CRM responds to /health with %i', async (status) => {
    const crm = await start((received, res) => (received.url === '/health' ? reply(status) : accept)(received, res));
    const end = await check(crm.url);
    expect(errorDataOf(end)).toBe('unhealthy');
    expect(end.stdout).toContain('add --send-test');
    expect(crm.received.map(({ method }) => method)).toEqual(['GET']);
  });
});
