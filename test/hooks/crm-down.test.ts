import { Agent, request as httpRequest } from 'node:http';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const warmUpCount = 500;
const requestCount = 1_000;
const parallelCount = 32;
const laneCount = 100;
const notes = 'n'.repeat(2_000);

describe('case 36: the CRM is down', () => {
  const setStage = useStage();
  const serve = useServer();
  const startCrm = useCrm();
  const directory = useTempDirectory();
  const { express } = expressVersions[1]!;
  const agent = new Agent({ keepAlive: true, maxSockets: parallelCount });
  afterAll(() => {
    agent.destroy();
  });

  function post(port: number, id: number): Promise<number> {
    return new Promise((resolve, reject) => {
      httpRequest(
        { port, host: '127.0.0.1', method: 'POST', path: `/bookings/${String((id % laneCount) + 1)}`, agent },
        (res) => {
          res.resume().once('end', () => {
            resolve(res.statusCode ?? 0);
          });
        },
      )
        .once('error', reject)
        .end();
    });
  }

  /** So many requests, a few at a time; answers how often each status came. */
  async function postAll(port: number, count: number): Promise<Record<number, number>> {
    const statuses: Record<number, number> = {};
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        next += 1;
        const status = await post(port, next);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: parallelCount }, worker));
    return statuses;
  }

  it('requests are answered as ever, all is kept, memory and log stay small, and all is delivered once it is back', async () => {
    const down = await startCrm();
    await down.close();
    const { debug: _debug, ...log } = createLogCollector();
    const quietLog = { ...log, debug: () => undefined };
    const { crm } = await setStage({
      logger: quietLog,
      baseUrl: down.url,
      outbox: directory(),
      sync: 'normal',
      breaker: { firstDelayMs: 50 },
    });
    const app = express();
    app.use(crm.middleware());
    const mapper = ({ id }: { readonly id: number }) => ({
      bookingId: id,
      userId: 123,
      sessionId: 789,
      additionalData: { notes },
    });
    app.post('/bookings/:id', afterBooking('created', mapper), (req, res) => {
      res.status(201).json({ id: Number(req.params.id) });
    });
    const { port } = await serve(app);
    await postAll(port, warmUpCount);
    const usedBefore = await usedMemory();

    expect(await postAll(port, requestCount)).toEqual({ 201: requestCount });

    const stats = await crm.stats();
    expect(stats).toMatchObject({ accepted: warmUpCount + requestCount, rejected: 0, delivered: 0, dead: 0 });
    expect(stats.pending).toBe(warmUpCount + requestCount);
    // An outbox in memory would hold more than 4 MB of bodies, and as many objects.
    expect((await usedMemory()) - usedBefore).toBeLessThan(3_000_000);
    expect(log.at('error')).toHaveLength(1);
    expect(log.at('warn').length).toBeLessThan(20);

    const back = await startCrm(undefined, down.port);
    const resumed = new Promise((resolve) => crm.on('resumed', resolve));
    await resumed;
    await crm.flush({ timeoutMs: 20_000 });
    expect(new Set(back.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(
      warmUpCount + requestCount,
    );
  }, 60_000);
});

/** After collections, with turns for what is freed by finalizers in between, so that only what is held counts. */
async function usedMemory(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let least = Infinity;
  for (let round = 0; round < 5; round += 1) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return least;
}
