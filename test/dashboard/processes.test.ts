import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import request from 'supertest';
import type { Overview } from '../../src/dashboard/api-contract.js';
import type { Notifier } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { expressVersions } from '../helpers/express-versions.js';
import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { useCli } from '../cli/cli-program.js';
import { runInProcess } from '../cli/in-process.js';
import { signedIn, testDashboard } from './use-dashboard.js';

const { express } = expressVersions[1]!;

async function overviewOf(notifier: Notifier, clock = createOwnedClock()): Promise<Overview> {
  const app = express();
  app.use('/crm', testDashboard(notifier, { clock }));
  const asked = request(app).get('/crm/api/overview').set(signedIn).expect(200);
  const { body } = await passTimeUntil(
    asked.then((response) => response),
    clock,
  );
  return body as Overview;
}

describeOnPostgres('the processes that share an outbox, in the overview', () => {
  const createDatabase = usePostgres();
  const makeNotifier = useNotifiers();

  it('are there, with the one that delivers', async () => {
    const outbox = await createDatabase();
    const first = makeNotifier({ outbox });
    await first.ready();
    while (!(await first.stats()).isDelivering) await new Promise(setImmediate);
    const second = makeNotifier({ outbox });
    await second.ready();
    const { processes } = await overviewOf(second.notifier);
    const self = { isThis: true, name: hostname(), pid: process.pid, startedAt: expect.any(Number) as number };
    expect(processes).toEqual([
      { ...self, isLeader: true },
      { ...self, isLeader: false },
    ]);
  });
});

describe('the overview of a process that only accepts', () => {
  const makeNotifier = useNotifiers();
  const startCli = useCli();
  const startCrm = useCrm();
  const directory = useTempDirectory();

  it('has the health, the pause and the counts of the one that delivers, and delivers itself when that one is gone', async () => {
    const crm = await startCrm();
    const outbox = join(directory(), 'outbox');
    await prepareOutbox(outbox, { count: 0, deadCount: 0 });
    const deliver = startCli(['deliver', '--watch', '--outbox', outbox, '--base-url', crm.url]);
    await deliver.printed('Delivering');
    const { notifier, accept, ready } = makeNotifier({ outbox, baseUrl: crm.url });
    const app = express();
    app.use('/crm', testDashboard(notifier));
    const overviewWhen = async (isSo: (overview: Overview) => boolean): Promise<Overview> => {
      for (;;) {
        const { body } = await request(app).get('/crm/api/overview').set(signedIn).expect(200);
        if (isSo(body as Overview)) return body as Overview;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await ready();
    await accept('a', 'b');
    await crm.waitFor(2);
    // Of the whole hour: a minute may end meanwhile.
    const well = await overviewWhen(({ targets }) => targets[0]?.inRange?.delivered === 2);
    expect(well.counts?.accepted.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(well.byType?.counts).toMatchObject([{ target: 'crm', accepted: 2, delivered: 2, retried: 0, dead: 0 }]);
    // The counters of this process would be 0.
    expect(well).toMatchObject({ deliveredBy: 'another process', health: { code: 'fine' } });
    expect(well.targets).toMatchObject([{ name: 'crm', inRange: { delivered: 2, retried: 0 } }]);
    expect(well.processes?.map(({ isThis, isLeader }) => [isThis, isLeader])).toEqual([
      [false, true],
      [true, false],
    ]);

    // Paused here, it takes effect there.
    await notifier.pause({ by: 'ada' });
    const leader = async () => (await notifier.processes())?.find(({ isLeader }) => isLeader);
    const pausedAtMs = performance.now();
    while ((await leader())?.targets['crm']?.pause?.cause.kind !== 'byHand') await wait(50);
    expect(performance.now() - pausedAtMs).toBeLessThan(5_000);
    await accept('paused');
    expect(await notifier.flush({ timeoutMs: 60_000 })).toMatchObject({ pending: 1 });
    // An overview is shared for a moment.
    const paused = await overviewWhen(({ health: { code } }) => code !== 'fine');
    expect(paused).toMatchObject({ deliveredBy: 'another process', health: { code: 'paused-by-hand' } });
    expect(crm.received).toHaveLength(2);
    await notifier.resume({ by: 'ada' });
    await crm.waitFor(3);
    await overviewWhen(({ health: { code } }) => code === 'fine');

    await crm.close();
    await accept('c');
    const down = await overviewWhen(({ health: { code } }) => code !== 'fine');
    expect(down.health).toMatchObject({ level: 'failing', code: 'crm-unreachable' });
    expect(down.health.sentence).toContain('cannot be reached: it refuses connections (ECONNREFUSED)');
    const pause = { cause: { kind: 'unreachable', code: 'ECONNREFUSED' }, since: expect.any(Number) };
    expect(down.targets).toMatchObject([{ name: 'crm', circuit: expect.stringMatching(/open/), pause, pending: 1 }]);

    expect((await runInProcess(['outbox', 'stats', '--outbox', outbox])).stdout).toMatch(
      /\nwaits {4}crm cannot be reached: it refuses connections \(ECONNREFUSED\), for \d/,
    );

    deliver.kill('SIGKILL');
    await deliver.ended;
    // It takes over, and is the one that knows.
    const here = await overviewWhen(({ deliveredBy }) => deliveredBy === 'this process');
    expect(here.processes).toMatchObject([{ pid: process.pid, isLeader: true }]);
  }, 60_000);
});

describe('the overview without the processes that share an outbox', () => {
  const makeNotifier = useNotifiers();
  const overviewWith = (processes: Notifier['processes']): Promise<Overview> =>
    overviewOf({ ...makeNotifier({}).notifier, processes });

  it('is complete while they cannot be read', async () => {
    const overview = await overviewWith(() => Promise.reject(new Error('no server')));
    expect(overview).toMatchObject({ processes: null, deliveredBy: 'this process', health: { code: 'fine' } });
  });

  it('is complete while they are awaited in vain', async () => {
    const overview = await overviewWith(() => new Promise(() => undefined));
    expect(overview).toMatchObject({ processes: null, deliveredBy: 'this process', health: { code: 'fine' } });
  });
});
