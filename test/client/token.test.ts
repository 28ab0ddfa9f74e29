import { setImmediate as turn } from 'node:timers/promises';
import { CRMConfigError, CRMConnectionError, CRMNotificationService } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

const newToken = 'new-token-0123456789';

/** A CRM that takes one token and no other. */
function acceptOnly(token: string): Answer {
  return (received, res) => {
    (received.headers.authorization === `Bearer ${token}` ? accept : reply(401))(received, res);
  };
}

describe('case 10: a token provider', () => {
  const create = useService();
  const start = useCrm();

  it('is asked once for many calls', async () => {
    const crm = await start();
    let askedCount = 0;
    const { service } = create({
      baseUrl: crm.url,
      authToken: () => {
        askedCount += 1;
        return testToken;
      },
    });
    await Promise.all([service.sendNotification(registration), service.sendNotification(registration)]);
    await service.sendNotification(registration);
    expect(askedCount).toBe(1);
    expect(new Set(crm.received.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${testToken}`]));
  });

  it.each<[what: string, provider: () => string | Promise<string>]>([
    [
      'throws',
      () => {
        throw new Error(`no ${newToken} for you`);
      },
    ],
    ['rejects', () => Promise.reject(new Error(`no ${newToken} for you`))],
    ['answers undefined', () => undefined as unknown as string],
    ['answers an empty text', () => ''],
    ['answers two lines', () => `${newToken}\r\nx-other: 1`],
    ['hangs', () => new Promise(() => undefined)],
  ])('that %s fails the call as retryable within the deadline; nothing is sent', async (_what, authToken) => {
    const crm = await start();
    const { service, log } = create({ baseUrl: crm.url, authToken, timeoutMs: 150 });
    const startedAt = performance.now();
    const error = await errorOf(service.sendNotification(registration));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ retryable: true, reason: 'ERR_CRM_TOKEN' });
    expect(error.message + String(error.cause) + log.text()).not.toContain(newToken);
    expect(crm.received).toEqual([]);
  });

  it('that failed is asked again by the next call', async () => {
    const crm = await start();
    let askedCount = 0;
    const authToken = (): Promise<string> => {
      askedCount += 1;
      return askedCount === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(testToken);
    };
    const { service } = create({ baseUrl: crm.url, authToken });
    await errorOf(service.sendNotification(registration));
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
  });

  it('that returned too late for one call is not asked again by the next', async () => {
    const crm = await start();
    const late = createDeferred<string>();
    let askedCount = 0;
    const authToken = (): Promise<string> => {
      askedCount += 1;
      return late.promise;
    };
    const { service } = create({ baseUrl: crm.url, authToken, timeoutMs: 150 });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ reason: 'ERR_CRM_TOKEN' });
    late.resolve(newToken);
    await turn();
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    expect(askedCount).toBe(1);
    expect(crm.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${newToken}`]);
  });

  it('that returns late, when a later call of it has returned, does not bring back the older token', async () => {
    const crm = await start();
    const late = createDeferred<string>();
    const answers = [late.promise, Promise.resolve(newToken)];
    const { service } = create({
      baseUrl: crm.url,
      authToken: () => answers.shift() ?? 'one-too-many',
      timeoutMs: 150,
    });
    await errorOf(service.sendNotification(registration));
    await service.sendNotification(registration);
    late.resolve(testToken);
    await turn();
    await service.sendNotification(registration);
    expect(crm.received.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill(`Bearer ${newToken}`));
  });

  it('is asked exactly once more after a 401, and the call goes on under the same id', async () => {
    const crm = await start(acceptOnly(newToken));
    const tokens = [testToken, newToken];
    const { service } = create({ baseUrl: crm.url, authToken: () => tokens.shift() ?? 'one-too-many' });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    const [first, second, ...more] = crm.received;
    expect(more).toEqual([]);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.text).toBe(first?.text);
  });

  it('is asked once for concurrent 401s', async () => {
    const crm = await start();
    const renewal = createDeferred<string>();
    let askedCount = 0;
    const authToken = (): string | Promise<string> => {
      askedCount += 1;
      return askedCount === 1 ? testToken : renewal.promise;
    };
    const { service } = create({ baseUrl: crm.url, authToken });
    await service.sendNotification(registration);
    crm.answerWith(acceptOnly(newToken));
    const calls = Promise.all(Array.from({ length: 10 }, () => service.sendNotification(registration)));
    await crm.waitFor(11);
    renewal.resolve(newToken);
    await calls;
    expect(askedCount).toBe(2);
    expect(crm.received).toHaveLength(21);
  });

  it('does not loop: a new token that is refused as well is a 401', async () => {
    const crm = await start(reply(401));
    let askedCount = 0;
    const { service } = create({ baseUrl: crm.url, authToken: () => `token-number-${String((askedCount += 1))}` });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ status: 401, retryable: false });
    expect(askedCount).toBe(2);
    expect(crm.received).toHaveLength(2);
  });

  it('that has no newer token costs no second request', async () => {
    const crm = await start(reply(401));
    const { service } = create({ baseUrl: crm.url, authToken: () => testToken });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ status: 401 });
    expect(crm.received).toHaveLength(1);
  });

  it('is not asked again for a 403', async () => {
    const crm = await start(reply(403));
    let askedCount = 0;
    const { service } = create({ baseUrl: crm.url, authToken: () => `token-number-${String((askedCount += 1))}` });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({ status: 403 });
    expect(askedCount).toBe(1);
  });

  it('that fails does not keep a health check: it goes without a token', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url, authToken: () => Promise.reject(new Error('not yet')) });
    expect(await service.testConnection()).toBe(true);
    expect(crm.received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('that hangs costs a health check no more than its own limit', async () => {
    const crm = await start();
    const authToken = (): Promise<string> => new Promise(() => undefined);
    const { service } = create({ baseUrl: crm.url, authToken, healthTimeoutMs: 500, timeoutMs: 60_000 });
    crm.answerWith(() => undefined);
    const startedAt = performance.now();
    expect(await service.testConnection()).toBe(false);
    // Not once for the token and once more for the answer.
    expect(performance.now() - startedAt).toBeLessThan(950);
  });

  it('answers as an env file would: a line break and a scheme are dropped', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url, authToken: () => `Bearer ${testToken}\n` });
    await service.sendNotification(registration);
    expect(crm.received[0]?.headers.authorization).toBe(`Bearer ${testToken}`);
  });
});

describe('a fixed token', () => {
  const create = useService();
  const start = useCrm();

  it('that is refused is one request and a 401', async () => {
    const crm = await start(reply(401, `not ${testToken}`));
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toMatchObject({ code: 'ERR_CRM_HTTP', status: 401 });
    expect(error.message).not.toContain(testToken);
    expect(crm.received).toHaveLength(1);
  });

  it('case 9: a line break at its end is dropped with a WARN, a scheme without', async () => {
    const crm = await start();
    const { service, log } = create({ baseUrl: crm.url, authToken: `${testToken}\r\n` });
    await service.sendNotification(registration);
    expect(log.at('warn')).toMatchObject([{ message: expect.stringContaining('line break') }]);
    const other = create({ baseUrl: crm.url, authToken: `bearer ${testToken}` });
    await other.service.sendNotification(registration);
    expect(other.log.at('warn')).toEqual([]);
    expect(new Set(crm.received.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${testToken}`]));
  });

  it('is warned of where it is the default', async () => {
    const crm = await start();
    const { service, log } = create({ baseUrl: crm.url, authToken: undefined });
    expect(log.at('warn')).toMatchObject([{ message: expect.stringContaining('CRM_AUTH_TOKEN') }]);
    await service.sendNotification(registration);
    expect(crm.received[0]?.headers.authorization).toBe('Bearer your-secret-token');
  });

  it.each([undefined, 'your-secret-token', 'Bearer your-secret-token\n'])(
    'is refused in production where it is the default, given as %j',
    (authToken) => {
      const make = () => new CRMNotificationService({ authToken, env: { NODE_ENV: 'production' } });
      expect(make).toThrow(CRMConfigError);
      expect(make).toThrow(/authToken \(CRM_AUTH_TOKEN\)/);
      expect(make).not.toThrow(/your-secret-token/);
    },
  );
});
