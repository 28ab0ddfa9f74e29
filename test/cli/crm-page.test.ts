import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { ArrivalsUpdate } from '../../src/cli/crm-arrivals.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { wireNotification } from '../testing/use-fake-crm.js';
import { cliToken, objectsIn, useCliRuns } from './cli-program.js';
import { useCrmCommand } from './use-crm-command.js';

jest.setTimeout(60_000);

describe('the page of crm-notifier crm', () => {
  const startCrm = useCrmCommand();
  const run = useCliRuns();
  const directory = useTempDirectory();

  const post = (
    url: string,
    body: unknown,
    headers: Record<string, string> = {},
    path = '/notify',
  ): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cliToken}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const arrivalsOf = async (url: string, query = ''): Promise<ArrivalsUpdate> =>
    (await fetch(`${url}/arrivals${query}`)).json() as Promise<ArrivalsUpdate>;

  it('prints its address, and is one file that may run only its own script and style', async () => {
    const { crm, url } = await startCrm();
    await crm.printed(`To see what arrives, open ${url}/ in a browser.`);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    expect(page).not.toMatch(/(src|href)="(?!data:,")|url\(|innerHTML/);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const tag of ['script', 'style']) {
      const [, content = ''] = new RegExp(`<${tag}[^>]*>(.+?)</${tag}>`, 's').exec(page) ?? [];
      expect(content.length).toBeGreaterThan(500);
      expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`);
    }
  });

  it('gets each request with its response and the fault, without bodies', async () => {
    const { crm, url } = await startCrm('--fault', '422');
    const before = await arrivalsOf(url);
    expect(before).toMatchObject({ fault: '422', total: 0, arrivals: [] });
    expect((await post(url, wireNotification('one'), { 'x-retry-count': '2' })).status).toBe(422);
    crm.type('ok');
    await crm.printed('{"fault":"ok"}');
    await post(url, wireNotification('one'), { 'x-retry-count': '3' });
    await post(url, wireNotification('two'), { authorization: 'Bearer another' });
    await post(url, 'Ada, no JSON', {}, '/notifications');
    const { arrivals, ...rest } = await arrivalsOf(url);
    expect(rest).toMatchObject({ fault: 'ok', total: 4 });
    const { notification_type: type, user_id: userId } = wireNotification('one');
    const known = { at: expect.any(Number), type, userId: String(userId), body: null };
    expect(arrivals).toEqual([
      { ...known, number: 1, id: 'one', retryCount: 2, status: 422 },
      { ...known, number: 2, id: 'one', retryCount: 3, status: 200 },
      { ...known, number: 3, id: 'two', retryCount: 0, status: 401 },
      { ...known, number: 4, type: 'POST /notifications', id: null, userId: null, retryCount: 0, status: 404 },
    ]);
  });

  it('gets bodies with --bodies, and only what is new to it', async () => {
    const { crm, url } = await startCrm('--bodies', '--fault', 'hang');
    const hanging = new AbortController();
    const open = fetch(`${url}/notify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cliToken}` },
      body: JSON.stringify(wireNotification('one')),
      signal: hanging.signal,
    }).catch(() => undefined);
    let first = await arrivalsOf(url);
    while (first.total === 0) first = await arrivalsOf(url);
    expect(first.arrivals).toMatchObject([{ id: 'one', status: null, body: JSON.stringify(wireNotification('one')) }]);
    const { run: runId, seen } = first;
    const query = `?run=${runId}&seen=${seen}`;
    expect((await arrivalsOf(url, query)).arrivals).toEqual([]);
    crm.type('ok');
    await crm.printed('{"fault":"ok"}');
    await post(url, wireNotification('two'));
    expect((await arrivalsOf(url, query)).arrivals).toMatchObject([{ id: 'two', status: 200 }]);
    expect((await arrivalsOf(url, `?run=1&seen=${seen}`)).arrivals).toHaveLength(2);
    hanging.abort();
    await open;
  });

  it('gets the last 200, with long texts cut', async () => {
    const { url } = await startCrm('--bodies');
    for (let index = 0; index < 205; index += 1) await post(url, wireNotification(`n${index}`));
    await post(url, { ...wireNotification('x'.repeat(5_000)), message: 'y'.repeat(50_000) });
    const { total, arrivals } = await arrivalsOf(url);
    expect(total).toBe(206);
    expect(arrivals.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, index) => index + 7));
    expect(arrivals.at(-1)?.id).toHaveLength(202);
    expect(arrivals.at(-1)?.body?.length).toBe(10_002);
  });

  it('leaves every other request to the CRM, and what comes by another name', async () => {
    const { crm, url } = await startCrm();
    const statusOf = async (method: string, path: string, host = '127.0.0.1'): Promise<number> => {
      const asked = request(url, { method, path, headers: { host } }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode ?? 0;
    };
    for (const [method, path] of [
      ['POST', '/'],
      ['PUT', '/arrivals'],
      ['GET', '/notify'],
      ['GET', '/favicon.ico'],
      ['GET', '/arrivals/'],
      ['GET', 'http://crm:99999/'],
    ] as const) {
      expect([method, path, await statusOf(method, path)]).toEqual([method, path, 404]);
    }
    expect(await statusOf('GET', '/', 'crm.attacker.example')).toBe(404);
    expect(await statusOf('GET', '/arrivals', 'crm.attacker.example:5001')).toBe(404);
    expect(await statusOf('GET', '/', 'localhost:5001')).toBe(200);
    expect(await statusOf('GET', '/health')).toBe(200);
    expect((await arrivalsOf(url)).arrivals.map(({ type }) => type)).toEqual(['POST /', 'PUT /arrivals']);
    crm.kill('SIGTERM');
    expect(await crm.ended).toMatchObject({ code: 0, signal: null });
  });

  it('is there whatever the fault, except while the CRM is down', async () => {
    const { crm, url } = await startCrm('--fault', '401');
    for (const word of ['400', '404', '422', '500', 'hang', 'reset', 'not-json', 'slow']) {
      crm.type(word);
      await crm.printed(`{"fault":"${word}"}`);
      expect((await fetch(url)).status).toBe(200);
      expect(await arrivalsOf(url)).toMatchObject({ fault: word });
    }
    crm.type('down');
    await crm.printed('{"fault":"down"}');
    await expect(fetch(url)).rejects.toThrow();
    crm.type('ok');
    await crm.printed('{"fault":"ok"}');
    expect(await arrivalsOf(url)).toMatchObject({ fault: 'ok' });
  });

  it('does not keep the command from ending while it is open', async () => {
    const { crm, url } = await startCrm();
    // As a browser does: the connection stays open.
    const kept = request(url, { headers: { connection: 'keep-alive' } }).end();
    const [response] = (await once(kept, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    crm.kill('SIGINT');
    expect(await crm.ended).toMatchObject({ code: 0, signal: null });
  });

  it('makes dead letters with 422 that arrive once it is fixed, and has no route with 404', async () => {
    const { crm, url } = await startCrm('--fault', '422');
    const event = ['send', 'event', '--event-id', '1', '--user-id', '1', '--action', 'updated', '--base-url', url];
    const end = await run([...event, '--outbox', join(directory(), 'outbox'), '--json']);
    expect(objectsIn(end)).toMatchObject([{ accepted: true, state: 'dead' }]);
    crm.type('ok');
    await crm.printed('{"fault":"ok"}');
    const redeliver = ['outbox', 'redeliver', '--all', '--yes', '--outbox', join(directory(), 'outbox'), '--json'];
    expect(objectsIn(await run(redeliver))).toMatchObject([{ redelivered: 1 }]);
    const deliver = ['deliver', '--outbox', join(directory(), 'outbox'), '--base-url', url, '--json'];
    expect(objectsIn(await run(deliver)).at(-1)).toMatchObject({ delivered: 1, dead: 0 });
    await crm.printed('"type":"event_updated"');
    crm.type('404');
    await crm.printed('{"fault":"404"}');
    expect((await run(['check', '--send-test', '--base-url', url])).stdout).toContain('has no /health');
  });
});
