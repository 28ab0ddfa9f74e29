import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { NotifierOptions } from 'express-crm-notifier';
import { createOwnedClock, type CrmFault, type FakeCrm, type OwnedClock } from 'express-crm-notifier/testing';
import { settle, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { useServer } from '../helpers/served.js';
import { post, useFakeCrm, wireNotification } from './use-fake-crm.js';

describe('a notifier', () => {
  const create = useNotifiers();
  const start = useFakeCrm();
  const serve = useServer();
  let clock: OwnedClock;
  let crm: FakeCrm;
  beforeEach(async () => {
    clock = createOwnedClock();
    crm = await start({ clock });
  });

  const createFor = (options: NotifierOptions = {}): ObservedNotifier =>
    create({ baseUrl: crm.url, authToken: crm.token, clock, ...options });
  const idsOf = (sent: readonly { notification_id: string }[]) => sent.map((one) => one.notification_id);

  describe('retries, and delivers then, after', () => {
    it.each<[what: string, fault: CrmFault, reason: object]>([
      ['an overload', { status: 503 }, { status: 503 }],
      ['a failure', { status: 500, body: { error: 'oh' }, headers: { 'x-trace': '1' } }, { status: 500 }],
      ['a cut connection', 'reset', { status: undefined, code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) }],
      ['no response', 'hang', { code: 'ERR_CRM_TIMEOUT' }],
      ['a response that is too late', { delayMs: 10_001 }, { code: 'ERR_CRM_TIMEOUT' }],
      ['a late failure', { status: 502, delayMs: 5_000 }, { status: 502 }],
      ['a function that responds 504', (_request, res) => res.writeHead(504).end(), { status: 504 }],
    ])('%s', async (_what, fault, reason) => {
      crm.script(fault);
      const notifier = createFor({ timeoutMs: 10_000 });
      const [id] = await notifier.accept('a');
      const [sent] = await clock.advanceUntil(crm.sent.waitFor({ id: id! }, { timeoutMs: 15_000 }));
      expect(sent).toMatchObject({ notification_id: id, retryCount: 1 });
      expect(notifier.told('retry')).toMatchObject([{ id, attempts: 1, ...reason }]);
      expect(crm.received).toHaveLength(2);
      expect(crm.sent.all()).toHaveLength(1);
      expect(crm.sent.duplicates).toEqual([]);
    });

    it('a quota, as late as the CRM says', async () => {
      crm.script({ status: 429, retryAfter: 120 });
      const notifier = createFor();
      await notifier.accept('a');
      expect(await notifier.hear('retry')).toMatchObject([{ status: 429, delayMs: 120_000 }]);
      await settle(clock);
      await clock.advance(119_999);
      expect(crm.received).toHaveLength(1);
      await clock.advance(1);
      await crm.sent.waitFor();
    });
  });

  describe('delivers at the first attempt despite', () => {
    it.each<[what: string, fault: CrmFault, event: object]>([
      ['a page for a response', 'not-json', { status: 200, isReplyNotJson: true }],
      ['a slow response', 'slow', { status: 200, isReplyNotJson: false }],
      ['a late response', { delayMs: 9_900 }, { status: 200 }],
      ['another status that takes it', { status: 202, body: { queued: true } }, { status: 202, isReplyNotJson: false }],
    ])('%s', async (_what, fault, event) => {
      crm.script(fault);
      const notifier = createFor({ timeoutMs: 10_000 });
      const ids = await notifier.accept('a');
      await crm.waitForRequests();
      await clock.advance(9_950);
      expect(await notifier.hear('delivered')).toMatchObject([{ attempts: 1, ...event }]);
      expect(idsOf(crm.sent.all())).toEqual(ids);
    });
  });

  it('keeps what the CRM refuses as a dead letter', async () => {
    crm.script({ status: 422, body: 'no such user' });
    const notifier = createFor();
    const [id] = await notifier.accept('a');
    expect(await notifier.hear('dead')).toMatchObject([{ id, reason: { status: 422, detail: 'no such user' } }]);
    expect(crm.sent.all()).toEqual([]);
  });

  it('gets the steps of the script in order, those added later too', async () => {
    crm.script({ status: 503 }, 'ok');
    crm.script({ status: 502 });
    const notifier = createFor();
    const ids = await notifier.accept('a', 'a');
    expect(idsOf(await clock.advanceUntil(crm.sent.waitFor({}, { count: 2 })))).toEqual(ids);
    expect(crm.received.map(({ status }) => status)).toEqual([503, 200, 502, 200]);
  });

  it.each<[what: string, options: object, fault: CrmFault | 'ok']>([
    ['a wrong token', { authToken: 'wrong' }, 'ok'],
    ['a token that the CRM refuses from now on', {}, 'wrong-token'],
    ['a refusal by status', {}, { status: 403 }],
  ])('pauses after %s, and loses nothing', async (_what, options, fault) => {
    let authToken = 'wrong';
    await crm.behave(fault);
    const notifier = createFor({ authToken: 'authToken' in options ? () => authToken : crm.token });
    const ids = await notifier.accept('a', 'b', 'c');
    expect(await clock.advanceUntil(notifier.hear('paused'))).toMatchObject([{ cause: { kind: 'unauthorised' } }]);
    expect(crm.sent.all()).toEqual([]);
    authToken = crm.token;
    await crm.behave('ok');
    const sent = await clock.advanceUntil(crm.sent.waitFor({}, { count: 3 }));
    expect(new Set(idsOf(sent))).toEqual(new Set(ids));
  });

  it('delivers in order what was accepted while the CRM was down', async () => {
    const notifier = createFor({ concurrency: 1 });
    const [before] = await notifier.accept('a');
    await notifier.hear('delivered');
    await crm.behave('down');
    const during = await notifier.accept('a', 'b', 'a', 'c');
    expect(await clock.advanceUntil(notifier.hear('paused'))).toMatchObject([
      { cause: { kind: 'unreachable', code: 'ECONNREFUSED' } },
    ]);
    await clock.advance(60_000);
    expect(crm.received).toHaveLength(1);
    await crm.behave('ok');
    const sent = await clock.advanceUntil(crm.sent.waitFor({}, { count: 5 }));
    expect(idsOf(sent)).toEqual([before, ...during]);
    // A probe that is refused a connection is not an attempt.
    expect(sent.every(({ retryCount }) => retryCount === 0)).toBe(true);
    expect(crm.sent.duplicates).toEqual([]);
  });

  it('sends again what was cut off when the CRM went down', async () => {
    await crm.behave('hang');
    const notifier = createFor();
    const ids = await notifier.accept('a');
    await crm.waitForRequests();
    await crm.behave('down');
    await notifier.hear('retry');
    await crm.behave('ok');
    expect(idsOf(await clock.advanceUntil(crm.sent.waitFor()))).toEqual(ids);
  });

  it('sends again what the CRM took when the response is lost on its way', async () => {
    let wasLost = false;
    const relay = await serve((req, res) => {
      void text(req).then(async (body) => {
        const response = await post(crm, body, { 'x-retry-count': String(req.headers['x-retry-count'] ?? 0) });
        if (wasLost) res.writeHead(response.status).end(await response.text());
        else res.destroy();
        wasLost = true;
      });
    });
    const notifier = createFor({ baseUrl: relay.url });
    const ids = await notifier.accept('a');
    await clock.advanceUntil(notifier.hear('delivered'));
    expect(idsOf(crm.sent.all())).toEqual(ids);
    expect(crm.sent.duplicates).toMatchObject([{ notification_id: ids[0], retryCount: 1 }]);
  });
});

describe('the health route', () => {
  const start = useFakeCrm();

  it.each<[what: CrmFault | 'ok', status: number, type: string | null]>([
    ['ok', 200, 'application/json'],
    ['not-json', 200, 'text/html'],
    ['wrong-token', 401, 'application/json'],
    [{ status: 503 }, 503, null],
    [{ delayMs: 5 }, 200, 'application/json'],
    [(_request, res) => res.writeHead(418).end(), 418, null],
  ])('follows the behaviour %j, and uses up no step of the script', async (behaviour, status, type) => {
    const crm = await start({ script: [{ status: 500 }] });
    await crm.behave(behaviour);
    const health = await fetch(`${crm.url}/health`);
    expect(health.status).toBe(status);
    expect(health.headers.get('content-type')).toBe(type);
    expect((await post(crm, wireNotification('one'))).status).toBe(500);
    await crm.behave('ok');
    expect((await fetch(`${crm.url}/health`)).status).toBe(200);
  });

  it.each(['reset', 'hang', 'down'] as const)('does not respond when the behaviour is %s', async (behaviour) => {
    const crm = await start();
    await crm.behave(behaviour);
    await expect(fetch(`${crm.url}/health`, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
  });
});

describe('a function as behaviour', () => {
  const start = useFakeCrm();

  it('gets every request, and what it takes counts as sent', async () => {
    const crm = await start();
    await crm.behave((request, res) => res.writeHead(request.url === '/base/notify' ? 201 : 404).end());
    await fetch(`${crm.url}/elsewhere`);
    await fetch(`${crm.url}/base/notify`, { method: 'POST', body: JSON.stringify(wireNotification('one')) });
    await fetch(`${crm.url}/base/notify`, { method: 'POST', body: 'no JSON' });
    expect(crm.received.map(({ status }) => status)).toEqual([404, 201, 201]);
    expect(crm.sent.all().map((sent) => sent.notification_id)).toEqual(['one']);
  });
});

describe('a CRM that goes down', () => {
  const start = useFakeCrm();

  it('cuts connections, refuses new ones, and comes back on its port', async () => {
    const crm = await start();
    const idle = connect(crm.port, '127.0.0.1');
    await once(idle, 'connect');
    const cut = once(idle, 'close');
    await crm.behave('down');
    await cut;
    await expect(once(connect(crm.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await crm.behave({ status: 503 });
    expect((await fetch(`${crm.url}/health`)).status).toBe(503);
  });

  it('follows the last call, and may be down or up already', async () => {
    const crm = await start();
    await Promise.all([crm.behave('down'), crm.behave('down'), crm.behave('ok'), crm.behave('down'), crm.behave('ok')]);
    await crm.behave('ok');
    expect((await fetch(`${crm.url}/health`)).status).toBe(200);
  });

  it('may be closed while it is down', async () => {
    const crm = await start();
    await crm.behave('down');
    await crm.close();
  });

  it('rejects if another server has taken its port meanwhile', async () => {
    const crm = await start();
    await crm.behave('down');
    const other = await start({ port: crm.port });
    await expect(crm.behave('ok')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await other.close();
    await crm.behave('ok');
    expect((await fetch(`${crm.url}/health`)).status).toBe(200);
  });
});

describe('a step', () => {
  const start = useFakeCrm();
  const self: { self?: unknown } = {};
  self.self = self;

  it.each<[step: unknown, message: string | RegExp]>([
    [
      'resett',
      /^script\[1\]: 'resett' is not a step; use 'ok', 'slow', .*, \{ delayMs \}, \{ status \} or a function$/,
    ],
    ['down', "script[1]: 'down' is not a step"],
    ['toString', 'is not a step'],
    [503, 'script[1]: 503 is not a step'],
    [null, 'script[1]: null is not a step'],
    [undefined, 'script[1]: undefined is not a step'],
    [{}, 'script[1]: status must be a whole number from 200 to 599'],
    [[], 'script[1] must be an object'],
    [{ status: 99 }, 'status must be a whole number from 200 to 599'],
    [{ status: 100 }, 'status must be a whole number from 200 to 599'],
    [{ status: '503' }, 'status must be a whole number from 200 to 599'],
    [
      { status: 503, retry_after: 1 },
      'script[1] has no key retry_after; its keys are status, body, headers, retryAfter, delayMs',
    ],
    [{ delayMs: 1, body: 'x' }, 'status must be a whole number from 200 to 599'],
    [{ delayMs: -1 }, 'script[1]: delayMs must be a number of milliseconds from 0 on'],
    [{ delayMs: Infinity }, "to never respond, use 'hang'"],
    [{ status: 200, delayMs: '5' }, 'delayMs must be'],
    [{ status: 429, retryAfter: -1 }, 'retryAfter must be a number of seconds from 0 on, or a date as a string'],
    [{ status: 200, body: 5 }, 'body must be a string, or an object or array that JSON can express'],
    [{ status: 200, body: null }, 'body must be a string'],
    [{ status: 200, body: self }, 'body must be a string'],
    [{ status: 200, headers: { 'x y': '1' } }, "script[1]: the header 'x y' cannot be sent"],
    [{ status: 200, headers: { x: '1\r\n2' } }, "script[1]: the header 'x' cannot be sent"],
  ])('such as %j is refused', async (step, message) => {
    const crm = await start();
    const add = (): void => {
      crm.script('ok', step as 'ok');
    };
    expect(add).toThrow(TypeError);
    expect(add).toThrow(message);
    // Not even the valid step before it was added.
    crm.script('wrong-token');
    expect((await post(crm, wireNotification('one'))).status).toBe(401);
  });

  it('that is invalid is refused as a behaviour too, and the behaviour stays as it was', async () => {
    const crm = await start();
    await crm.behave({ status: 503 });
    await expect(crm.behave('dwon' as 'down')).rejects.toThrow("behave: 'dwon' is not a step");
    expect((await fetch(`${crm.url}/health`)).status).toBe(503);
  });

  it('sets status, body and headers', async () => {
    const crm = await start({
      script: [
        { status: 429, body: [1], headers: { 'Content-Type': 'application/problem+json', 'x-a': 'b' }, retryAfter: 7 },
      ],
    });
    const response = await post(crm, wireNotification('one'));
    expect(response.status).toBe(429);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/problem+json',
      'x-a': 'b',
      'retry-after': '7',
    });
    expect(await response.json()).toEqual([1]);
  });
});
