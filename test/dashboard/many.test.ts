import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import request from 'supertest';
import type { DeadLetterPage } from '../../src/dashboard/api-contract.js';
import type { DeadLetter } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { requestText, useServer } from '../helpers/served.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { fillDeadLetters, idOfLetter } from './fill-dead-letters.js';
import { signedIn, testDashboard, useDashboard } from './use-dashboard.js';

jest.setTimeout(60_000);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** In bytes, without garbage. */
function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const megabyte = 1024 * 1024;
const deadCount = 100_000;

describe('a dashboard of an outbox with 100,000 dead letters (case 58)', () => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();
  const directory = useTempDirectory();

  it('spends less than a second on each page and each search, and its memory does not grow', async () => {
    await fillDeadLetters(directory(), deadCount);
    const crm = await startCrm();
    const { app, ready, stats } = dashboardOf({ baseUrl: crm.url, outbox: directory() });
    await ready();
    const timed = async (query: string) => {
      // CPU time of this process, which has the outbox too: on a busy machine the clock shows what others take.
      const before = process.cpuUsage();
      const { body } = await request(app).get(`/crm/api/dead-letters${query}`).set(signedIn).expect(200);
      const { user, system } = process.cpuUsage(before);
      return { tookMs: (user + system) / 1_000, body: body as DeadLetterPage };
    };
    expect((await timed('')).body.letters[0]!.id).toBe(idOfLetter(deadCount));
    const before = memoryInUse();

    const pages = [await timed('?limit=200'), await timed('?limit=200&before=50000')];
    // The oldest, so that every one is read; and one that does not exist.
    const searches = [await timed('?search=user+1+is+unknown'), await timed('?search=nowhere')];
    expect(searches.map(({ body }) => body.letters.length)).toEqual([1, 0]);
    const overview = await request(app).get('/crm/api/overview').set(signedIn).expect(200);
    expect(overview.body.stats.dead).toBe(deadCount);
    const times = [...pages, ...searches].map(({ tookMs }) => tookMs);
    process.stdout.write(
      `100,000 dead letters: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms for pages and searches\n`,
    );
    expect(Math.max(...times)).toBeLessThan(1_000);
    expect(memoryInUse() - before).toBeLessThan(10 * megabyte);

    // Page by page to the end: none twice, none missing.
    const seen = new Set<string>();
    for (let before: number | null = 2_050; before !== null;) {
      const { body } = await timed(`?limit=200&before=${String(before)}`);
      for (const { id } of body.letters) seen.add(id);
      before = body.older;
    }
    expect(seen.size).toBe(2_049);
    expect((await stats()).dead).toBe(deadCount);
  });
});

describe('searches that take long (case 58)', () => {
  const makeNotifier = useNotifiers();

  it('run one at a time, and are refused when too many wait', async () => {
    const { notifier } = makeNotifier({});
    const held = createDeferred<readonly DeadLetter[]>();
    let searching = 0;
    const list = () => {
      searching += 1;
      return held.promise;
    };
    const app = express();
    app.use('/crm', testDashboard({ ...notifier, deadLetters: { ...notifier.deadLetters, list } }));
    const ask = () =>
      request(app)
        .get('/crm/api/dead-letters?search=x')
        .set(signedIn)
        .then((response) => response);
    const asked = Array.from({ length: 40 }, ask);
    const refused = await Promise.race(asked);
    expect([refused.status, refused.body.error.code, refused.headers['retry-after']]).toEqual([503, 'busy', '1']);
    expect(searching).toBe(1);
    held.resolve([]);
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(8);
    expect(searching).toBe(32);
    expect((await ask()).status).toBe(200);
  });
});

describe('1,000 clients that send requests and never read (case 58)', () => {
  const dashboardOf = useDashboard();
  const serve = useServer();
  const startCrm = useCrm();
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('cost a bounded amount of memory, and others still get responses', async () => {
    const crm = await startCrm();
    const { app, accept, hear } = dashboardOf({ baseUrl: crm.url });
    await accept(...Array.from({ length: 100 }, (_, index) => `booking:${String(index)}`));
    await hear('delivered', 100);
    let responseCount = 0;
    const { port, url } = await serve((req, res) => {
      res.once('finish', () => (responseCount += 1));
      app(req, res);
    });
    await (await fetch(`${url}/crm/api/overview`, { headers: signedIn })).text();
    const before = memoryInUse();

    const asked = requestText('GET', '/crm/api/overview', { ...signedIn, connection: 'keep-alive' });
    for (let index = 0; index < 1_000; index += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.pause();
      sockets.push(socket);
      await once(socket, 'connect');
      // Some send far more requests than the socket's buffers can hold responses for.
      socket.write(asked.repeat(index < 5 ? 3_000 : 3));
    }
    for (let turn = 0; turn < 20; turn += 1) {
      const response = await fetch(`${url}/crm/api/overview`, { headers: signedIn });
      expect(response.status).toBe(200);
      await response.text();
    }
    const grown = (memoryInUse() - before) / megabyte;
    process.stdout.write(`1,000 clients that never read: ${grown.toFixed(0)} MB, ${String(responseCount)} responses\n`);
    // Only those wait until they read.
    expect(responseCount).toBeGreaterThan(995 * 3);
    expect(responseCount).toBeLessThan(5 * 3_000);
    // All the responses would be 300 MB. What is left is both ends of a thousand connections.
    expect(grown).toBeLessThan(120);
  });
});
