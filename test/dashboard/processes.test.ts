import { hostname } from 'node:os';
import request from 'supertest';
import type { Overview } from '../../src/dashboard/api-contract.js';
import type { Notifier } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { expressVersions } from '../helpers/express-versions.js';
import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
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
    const self = { name: hostname(), pid: process.pid, startedAt: expect.any(Number) as number };
    expect(processes).toEqual([
      { ...self, isLeader: true },
      { ...self, isLeader: false },
    ]);
  });
});

describe('the overview without the processes that share an outbox', () => {
  const makeNotifier = useNotifiers();
  const overviewWith = (processes: Notifier['processes']): Promise<Overview> =>
    overviewOf({ ...makeNotifier({}).notifier, processes });

  it('is that of an outbox in a file or in memory', async () => {
    expect((await overviewOf(makeNotifier({}).notifier)).processes).toBeNull();
  });

  it('is complete while they cannot be read', async () => {
    const overview = await overviewWith(() => Promise.reject(new Error('no server')));
    expect(overview).toMatchObject({ processes: null, health: { code: 'fine' } });
  });

  it('is complete while they are awaited in vain', async () => {
    const overview = await overviewWith(() => new Promise(() => undefined));
    expect(overview).toMatchObject({ processes: null, health: { code: 'fine' } });
  });
});
