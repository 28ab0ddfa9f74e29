import { useNotifiers } from '../helpers/observed-notifier.js';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const count = 2_000;
const laneCount = 20;
const reset: Answer = (_received, res) => res.socket?.destroy();

describe('a CRM that answers well, with errors and not at all', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  const random = createSeededRandom();

  it(`gets ${count} notifications over ${laneCount} lanes, each lane in order (CRM_TEST_SEED=${random.seed})`, async () => {
    const lanes = Array.from({ length: count }, () => `lane:${random.below(laneCount)}`);
    const answers = [accept, accept, accept, reply(500), reset];
    const taken: string[] = [];
    const crm = await start((received, res) => {
      const answer = random.pick(answers);
      if (answer === accept) taken.push(...idsOf([received]));
      answer(received, res);
    });
    const notifier = create({
      baseUrl: crm.url,
      outbox: directory(),
      sync: 'normal',
      retry: { firstDelayMs: 1, maxDelayMs: 1 },
      // Five resets in a row do come about by chance.
      breaker: { firstDelayMs: 1, maxDelayMs: 1 },
    });
    const ids = await notifier.accept(...lanes);
    await notifier.hear('delivered', count);

    // Once, because every answer of this CRM that was sent also arrived.
    expect([...taken].sort()).toEqual([...ids].sort());
    expect(await notifier.stats()).toMatchObject({ delivered: count, pending: 0, pendingBytes: 0, dead: 0 });
    const seen = new Map<string, Set<string>>();
    for (const received of crm.received) {
      const inLane = seen.get(laneOf(received)) ?? new Set();
      seen.set(laneOf(received), inLane.add(idsOf([received])[0]!));
    }
    for (const [lane, seenIds] of seen) {
      expect([...seenIds]).toEqual(ids.filter((_, index) => lanes[index] === lane));
    }
    // However often an attempt failed, the same bytes.
    expect(new Set(crm.received.map(({ text }) => text)).size).toBe(count);
  }, 60_000);
});
