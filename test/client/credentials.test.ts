import { Webhook } from 'standardwebhooks';
import { createNotifier, type AuthOptions, type NotifierOptions, type TargetOptions } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { createDeferred } from '../helpers/deferred.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';

describe('the credentials of a target', () => {
  const create = useNotifiers();
  const start = useCrm();

  const createFor = (target: TargetOptions, options: NotifierOptions = {}) =>
    create({ ...options, targets: { crm: target } });

  it.each<[string, TargetOptions, Record<string, string | undefined>]>([
    ['the token as a bearer token', { authToken: 'a-token' }, { authorization: 'Bearer a-token' }],
    [
      'user name and password',
      { auth: { kind: 'basic', username: 'site', password: 'p:w' } },
      { authorization: 'Basic c2l0ZTpwOnc=' },
    ],
    [
      'the token in a header of its own',
      { authToken: 'a-token', auth: { kind: 'header', name: 'x-api-token' } },
      { 'x-api-token': 'a-token', authorization: undefined },
    ],
    [
      'the token after another scheme',
      { authToken: 'a-token', auth: { kind: 'header', scheme: 'Zoho-oauthtoken' } },
      { authorization: 'Zoho-oauthtoken a-token' },
    ],
    ['none', { auth: { kind: 'none' } }, { authorization: undefined }],
  ])('are %s, and in no log line', async (_what, target, headers) => {
    const crm = await start();
    const observed = createFor({ ...target, baseUrl: crm.url });
    await observed.accept('a');
    await observed.hear('delivered');
    for (const [name, value] of Object.entries(headers)) expect(crm.received[0]?.headers[name]).toBe(value);
    const lines = JSON.stringify(observed.log.lines);
    expect(lines).toContain('CRM request and response');
    expect(lines).not.toMatch(/a-token|c2l0ZTpwOnc|p:w/);
  });

  describe('from an OAuth 2 server', () => {
    const auth = (tokenUrl: string, more: object = {}): AuthOptions => ({
      kind: 'oauth2',
      ...{ tokenUrl, clientId: 'our:id', clientSecret: 'a-client-secret' },
      ...more,
    });
    /** Gives `token-1`, `token-2` and so on. */
    const issue = (more: object = {}): Answer => {
      let count = 0;
      return (_received, res) => {
        count += 1;
        const body = { access_token: `token-${String(count)}`, token_type: 'Bearer', ...more };
        res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      };
    };
    const tokensAt = (crm: Awaited<ReturnType<typeof start>>) =>
      crm.received.map(({ headers }) => headers.authorization);

    it('are asked for once, with the client’s own credentials, and once more after a 401', async () => {
      const server = await start(issue({ expires_in: 3_600 }));
      const crm = await start(inTurn(accept, reply(401), accept));
      const observed = createFor({ baseUrl: crm.url, auth: auth(`${server.url}/token`, { scope: 'crm write' }) });
      await observed.accept('a');
      await observed.hear('delivered');
      await observed.accept('b');
      await observed.hear('delivered', 2);
      expect(tokensAt(crm)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
      expect(server.received.map(({ url, text }) => [url, text])).toEqual([
        ['/token', 'grant_type=client_credentials&scope=crm+write'],
        ['/token', 'grant_type=client_credentials&scope=crm+write'],
      ]);
      // Form-encoded first: RFC 6749 section 2.3.1.
      const expected = Buffer.from('our%3Aid:a-client-secret').toString('base64');
      expect(server.received[0]?.headers.authorization).toBe(`Basic ${expected}`);
    });

    it('are asked for again a minute before they end, with the newest refresh token', async () => {
      const clock = createOwnedClock();
      const server = await start(issue({ expires_in: 120, refresh_token: 'refresh-2' }));
      const crm = await start();
      const refreshing = auth(server.url, { refreshToken: 'refresh-1' });
      const observed = createFor({ baseUrl: crm.url, auth: refreshing }, { clock });
      for (const count of [1, 2]) {
        await observed.accept('a');
        await passTimeUntil(observed.hear('delivered', count), clock);
      }
      await clock.advance(60_000);
      await observed.accept('a');
      await passTimeUntil(observed.hear('delivered', 3), clock);
      expect(tokensAt(crm)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
      expect(server.received.map(({ text }) => new URLSearchParams(text).get('refresh_token'))).toEqual([
        'refresh-1',
        'refresh-2',
      ]);
    });

    it('are sent with the next attempt where that server needs longer than an attempt may take', async () => {
      const clock = createOwnedClock();
      const isAsked = createDeferred<() => void>();
      const issueNow = issue();
      const server = await start(
        inTurn(
          (received, res) => {
            isAsked.resolve(() => void issueNow(received, res));
          },
          // No other is ever given.
          () => undefined,
        ),
      );
      const crm = await start();
      const observed = createFor({ baseUrl: crm.url, auth: auth(server.url), timeoutMs: 1_000 }, { clock });
      await observed.accept('a');
      await passTimeUntil(observed.hear('unsent'), clock);
      (await isAsked.promise)();
      await passTimeUntil(observed.hear('delivered'), clock);
      expect(tokensAt(crm)).toEqual(['Bearer token-1']);
    });

    it.each<[string, Answer]>([
      ['refuses', reply(400, '{"error":"invalid_client","error_description":"a-client-secret is wrong"}')],
      ['redirects', reply(302, '', { location: 'http://127.0.0.1:9/' })],
      ['replies with no token', reply(200, '<html>')],
    ])('wait while that server %s, and nothing is lost or told', async (_what, answer) => {
      const server = await start(answer);
      const crm = await start();
      const observed = createFor({ baseUrl: crm.url, auth: auth(server.url) });
      await observed.accept('a');
      await observed.hear('unsent');
      expect(crm.received).toEqual([]);
      server.answerWith(issue());
      await observed.hear('delivered');
      expect(observed.told('unsent')[0]).toMatchObject({ code: 'ERR_CRM_TOKEN' });
      expect(JSON.stringify(observed.log.lines)).not.toMatch(/a-client-secret|token-1/);
    });
  });

  it.each<[string, (host: string) => TargetOptions, (host: string) => string]>([
    [
      'an OAuth 2 server',
      (host) => ({
        auth: { kind: 'oauth2', tokenUrl: `http://${host}/t?a=geheim`, clientId: 'us', clientSecret: 'geheim' },
      }),
      (host) => `${host} (ERR_CRM_TOKEN); delivery is paused. Mend that server, or correct auth`,
    ],
    [
      'a function',
      () => ({ authToken: () => Promise.reject(new Error('geheim')) }),
      () => 'the function authToken (ERR_CRM_TOKEN); delivery is paused. Mend that function',
    ],
  ])('that cannot be got from %s are the reason that the log names', async (_what, target, expected) => {
    const server = await start(reply(400, '{"error":"geheim"}'));
    const crm = await start();
    const { host } = new URL(server.url);
    const observed = createFor({ baseUrl: crm.url, ...target(host) });
    await observed.accept('a');
    await observed.hear('paused');
    const [line, ...others] = observed.log.at('error');
    expect(others).toEqual([]);
    expect(line?.message).toBe(`CRM: no token can be got from ${expected(host)}`);
    expect(JSON.stringify(observed.log.lines)).not.toContain('geheim');
  });

  it('may be a signature beside them, made for each attempt, which the library of Standard Webhooks verifies', async () => {
    const clock = createOwnedClock();
    clock.jumpWall(Date.now() - clock.now());
    const crm = await start(inTurn(reply(503), accept));
    const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_b2xkIHNlY3JldCB0aGF0IGlzIGxvbmcgZW5vdWdo'];
    const observed = createFor({ baseUrl: crm.url, authToken: 'a-token', signing: { secrets } }, { clock });
    const [id] = await observed.accept('a');
    await passTimeUntil(observed.hear('delivered'), clock);
    const [first, second] = crm.received;
    expect(Number(second?.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(
      Number(first?.headers['webhook-timestamp']),
    );
    for (const { text, headers } of crm.received) {
      for (const secret of secrets) {
        const verified = new Webhook(secret).verify(text, headers as Record<string, string>);
        expect(verified).toMatchObject({ notification_id: id });
      }
      expect(headers['webhook-id']).toBe(id);
    }
  });

  it.each<[string, object, string]>([
    ['auth', { auth: 'basic' }, 'whose kind is basic, header, oauth2 or none'],
    ['auth', { auth: { kind: 'digest' } }, 'whose kind is basic, header, oauth2 or none'],
    ['auth', { auth: { kind: 'basic', username: 'ge:heim', password: 'geheim' } }, 'a username, without a colon'],
    ['auth', { auth: { kind: 'basic', username: 'a' } }, 'a password'],
    ['auth', { auth: { kind: 'header', name: 'x y' } }, 'the name of a header'],
    ['auth', { auth: { kind: 'header', scheme: 'a b' } }, 'a scheme of one word'],
    ['auth', { auth: { kind: 'oauth2' } }, 'a tokenUrl'],
    ['auth', { auth: { kind: 'oauth2', tokenUrl: 'ftp://geheim' } }, 'a tokenUrl'],
    ['auth', { auth: { kind: 'oauth2', tokenUrl: 'https://h', clientId: 'a' } }, 'a clientId and a clientSecret'],
    ['signing', { signing: { secrets: ['v1,whsec_geheim'] } }, 'secrets[0]'],
    ['signing', { signing: {} }, 'secrets must be a secret, or a list'],
  ])('are checked: %s in %j', (option, wrong, problem) => {
    const target = { baseUrl: 'http://localhost:1', authToken: 'a-token', ...wrong } as TargetOptions;
    const make = () =>
      createNotifier({ env: {}, outbox: ':memory:', logger: createLogCollector(), targets: { crm: target } });
    expect(make).toThrow(`targets.crm.${option}`);
    expect(make).toThrow(problem);
    expect(make).not.toThrow('geheim');
  });

  it('send a secret to a public host only by https, in production', () => {
    const auth: AuthOptions = { kind: 'oauth2', tokenUrl: 'http://auth.example.com', clientId: 'a', clientSecret: 'b' };
    const targets = { crm: { baseUrl: 'https://crm.example.com', auth } };
    const options = { outbox: ':memory:', logger: createLogCollector(), env: { NODE_ENV: 'production' }, targets };
    expect(() => createNotifier(options)).toThrow('targets.crm.auth: has a tokenUrl that sends the client’s secret');
    expect(() => createNotifier(options)).not.toThrow('auth.example.com');
  });
});
