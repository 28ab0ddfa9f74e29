import { once } from 'node:events';
import { connect } from 'node:net';
import { startFakeCrm } from 'express-crm-notifier/testing';
import { post, useFakeCrm, wireNotification } from './use-fake-crm.js';

describe('a fake CRM', () => {
  const start = useFakeCrm();

  it('takes notifications, and records requests as they arrived', async () => {
    const crm = await start();
    const body = wireNotification('one');
    const response = await post(crm, body, { 'x-retry-count': '2' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'success' });
    expect(crm.received).toEqual([
      {
        method: 'POST',
        url: '/notify',
        headers: expect.objectContaining({ authorization: 'Bearer test-token', 'x-retry-count': '2' }),
        text: JSON.stringify(body),
        json: body,
        status: 200,
      },
    ]);
    expect(crm.sent.all()).toEqual([{ ...body, retryCount: 2, headers: crm.received[0]?.headers }]);
  });

  it('lists a notification that arrives twice once, and again among the duplicates', async () => {
    const crm = await start();
    for (const id of ['one', 'two', 'one']) expect((await post(crm, wireNotification(id))).status).toBe(200);
    expect(crm.sent.all().map((sent) => sent.notification_id)).toEqual(['one', 'two']);
    expect(crm.sent.duplicates.map((sent) => sent.notification_id)).toEqual(['one']);
    expect(crm.received).toHaveLength(3);
  });

  it('is healthy, without a token too', async () => {
    const crm = await start();
    const health = await fetch(`${crm.url}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({ status: 'ok' });
    expect(crm.received).toMatchObject([{ method: 'GET', url: '/health', text: '', json: undefined }]);
    expect(crm.sent.all()).toEqual([]);
  });

  describe('refuses, without using up a step of its script,', () => {
    it.each<[what: string, status: number, path: string, init: RequestInit]>([
      ['another token', 401, '/notify', { headers: { authorization: 'Bearer another' } }],
      ['no token', 401, '/notify', {}],
      ['another route', 404, '/notifications', {}],
      ['another method', 404, '/notify', { method: 'PUT' }],
      ['a body that is not JSON', 400, '/notify', { headers: { authorization: 'Bearer test-token' }, body: '{"a":' }],
      ['a body that is no object', 400, '/notify', { headers: { authorization: 'Bearer test-token' }, body: '["a"]' }],
      ['no notification', 400, '/notify', { headers: { authorization: 'Bearer test-token' }, body: '{"a":1}' }],
    ])('%s: %i', async (_what, status, path, init) => {
      const crm = await start({ script: [{ status: 503 }] });
      const body = JSON.stringify(wireNotification('one'));
      const refused = await fetch(`${crm.url}${path}`, { method: 'POST', body, ...init });
      expect(refused.status).toBe(status);
      expect(await refused.json()).toEqual({ error: expect.any(String) });
      expect(crm.sent.all()).toEqual([]);
      expect((await post(crm, body)).status).toBe(503);
      expect((await post(crm, body)).status).toBe(200);
    });
  });

  it('requires its token, or takes any', async () => {
    const own = await start({ token: 'own-token' });
    expect(own.token).toBe('own-token');
    expect((await post(own, wireNotification('one'))).status).toBe(200);
    expect((await post(own, wireNotification('two'), { authorization: 'Bearer test-token' })).status).toBe(401);

    const any = await start({ token: null });
    expect((await post(any, wireNotification('one'), { authorization: 'whatever' })).status).toBe(200);
    expect((await post(any, wireNotification('two'))).status).toBe(200);
  });

  it('listens on the given port and host, and gives its url', async () => {
    const { port } = await closedCrm();
    const crm = await start({ port });
    expect(crm).toMatchObject({ port, url: `http://127.0.0.1:${port}` });
    await expect(startFakeCrm({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });

    for (const [host, shown] of [
      ['localhost', 'localhost'],
      ['0.0.0.0', '127.0.0.1'],
    ] as const) {
      const other = await start({ host });
      expect(other.url).toBe(`http://${shown}:${other.port}`);
      expect((await fetch(`${other.url}/health`)).status).toBe(200);
    }
  });

  it.each([
    ['an unknown option', { prot: 1 }, 'startFakeCrm has no key prot; its keys are port, host, token, script, clock'],
    ['options that are not an object', 'http://crm', 'startFakeCrm must be an object'],
    ['an empty token', { token: '' }, 'token must be visible ASCII'],
    ['a token in two lines', { token: 'a\nb' }, 'token must be visible ASCII'],
    ['a script that is not an array', { script: 'hang' }, 'script must be an array of steps'],
    ['a clock that is not one', { clock: {} }, 'clock must be a clock'],
  ])('refuses %s with a TypeError', async (_what, options, message) => {
    const starting = startFakeCrm(options as object);
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(message);
  });

  it('refuses an invalid port', async () => {
    await expect(startFakeCrm({ port: 70_000 })).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' });
  });

  describe('when it is closed', () => {
    it('ends every connection, idle or in use, and frees its port', async () => {
      const crm = await startFakeCrm({ script: ['hang'] });
      const idle = connect(crm.port, '127.0.0.1');
      await once(idle, 'connect');
      const hanging = post(crm, wireNotification('one'));
      await crm.waitForRequests();
      const ends = Promise.all([once(idle, 'close'), expect(hanging).rejects.toThrow('fetch failed')]);
      await crm.close();
      await ends;
      await expectRefused(crm.port);
      const next = await start({ port: crm.port });
      expect(next.port).toBe(crm.port);
    });

    it('can be closed again, and not reopened', async () => {
      const crm = await startFakeCrm();
      await Promise.all([crm.close(), crm.close()]);
      await crm.close();
      await expect(crm.behave('ok')).rejects.toThrow('closed; start another');
      await expectRefused(crm.port);
    });

    it('is closed at the end of its scope by await using', async () => {
      let port: number;
      {
        await using crm = await startFakeCrm();
        ({ port } = crm);
        expect((await fetch(`${crm.url}/health`)).status).toBe(200);
      }
      await expectRefused(port);
    });

    it('rejects every wait', async () => {
      const crm = await startFakeCrm();
      const waits = [crm.sent.waitFor({ type: 'booking_created' }), crm.waitForRequests(2)];
      const ends = Promise.all([
        expect(waits[0]).rejects.toThrow(/^no notification with type 'booking_created' was taken before .* closed/),
        expect(waits[1]).rejects.toThrow('only 0 of 2 requests came before the fake CRM was closed'),
      ]);
      await crm.close();
      await ends;
      await expect(crm.sent.waitFor()).rejects.toThrow('closed');
    });

    it.each<[what: string, fail: () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('not as expected');
        },
      ],
      ['rejects', () => Promise.reject(new Error('not as expected'))],
    ])('rejects if a function of the test %s, and responds 500 to that request', async (_what, fail) => {
      const crm = await startFakeCrm({ script: [fail] });
      expect((await post(crm, wireNotification('one'))).status).toBe(500);
      expect((await post(crm, wireNotification('one'))).status).toBe(200);
      await expect(crm.close()).rejects.toThrow('not as expected');
      await expectRefused(crm.port);
      await crm.close();
    });
  });

  /** A CRM that was closed, so its port is free. */
  async function closedCrm(): Promise<{ port: number }> {
    const crm = await startFakeCrm();
    await crm.close();
    return crm;
  }
});

async function expectRefused(port: number): Promise<void> {
  const [error] = (await once(connect(port, '127.0.0.1'), 'error').catch((thrown: unknown) => [thrown])) as [unknown];
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
}
