import { join } from 'node:path';
import type { NotifierOptions } from '../../src/index.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { passTimeUntil, settle, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const authToken = 'a-token-of-its-own';

describe('delivery to several targets', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createFor = (targets: NonNullable<NotifierOptions['targets']>): ObservedNotifier => create({ clock, targets });

  /** The target's figures. */
  const statsOf = async (notifier: ObservedNotifier, target: string) => (await notifier.stats()).targets[target];

  it('sends each notification to all of them under the same id, each with its own token', async () => {
    const [crm, sales] = [await start(), await start()];
    const notifier = createFor({
      crm: { baseUrl: crm.url, authToken: 'crm-token' },
      sales: { baseUrl: sales.url, authToken: async () => Promise.resolve('sales-token') },
    });
    const ids = await notifier.accept('a', 'b');
    await passTimeUntil(notifier.hear('delivered', 4), clock);
    expect(idsOf(crm.received)).toEqual(ids);
    expect(idsOf(sales.received)).toEqual(ids);
    expect(crm.received[0]?.headers.authorization).toBe('Bearer crm-token');
    expect(sales.received[0]?.headers.authorization).toBe('Bearer sales-token');
    expect(await notifier.stats()).toMatchObject({
      accepted: 2,
      delivered: 4,
      pending: 0,
      targets: { crm: { delivered: 2, pending: 0 }, sales: { delivered: 2, pending: 0 } },
    });
  });

  it('is not a millisecond later because one is down for an hour, one answers 429 and one refuses the token', async () => {
    const [crm, busy, refusing] = [await start(), await start(reply(429)), await start(reply(401))];
    const down = await start();
    await down.close();
    const notifier = createFor({
      crm: { baseUrl: crm.url, authToken },
      down: { baseUrl: down.url, authToken },
      busy: { baseUrl: busy.url, authToken },
      refusing: { baseUrl: refusing.url, authToken },
    });
    const lanes = Array.from({ length: 12 }, (_, minute) => `lane:${String(minute)}`);
    for (const lane of lanes) {
      const toldBefore = notifier.told('delivered').length;
      const acceptedAtMs = clock.monotonicMs();
      await notifier.accept(lane);
      await passTimeUntil(notifier.hear('delivered', toldBefore + 1), clock);
      // Delivered at once, whatever the others do: no time has to pass for it but the millisecond that looking takes.
      expect(clock.monotonicMs() - acceptedAtMs).toBeLessThanOrEqual(1);
      await clock.advance(300_000);
    }
    expect(crm.received.map(laneOf)).toEqual(lanes);
    expect(await notifier.stats()).toMatchObject({
      dead: 0,
      circuit: 'open',
      targets: {
        crm: { delivered: 12, pending: 0, circuit: 'closed' },
        down: { delivered: 0, pending: 12, circuit: 'open' },
        busy: { delivered: 0, pending: 12, circuit: 'closed' },
        refusing: { delivered: 0, pending: 12, circuit: 'open' },
      },
    });
    const errors = notifier.log
      .at('error')
      .map(({ message }) => message)
      .sort();
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain('CRM target down cannot be reached');
    expect(errors[1]).toContain('CRM target refusing refuses the token (401)');
    expect(errors[1]).toContain('Set the right targets.refusing.authToken');

    const back = await start(accept, down.port);
    busy.answerWith(accept);
    refusing.answerWith(accept);
    while (notifier.told('delivered').length < 48) await clock.advance(60_000);
    expect(back.received.map(laneOf)).toEqual(lanes);
    expect(await notifier.stats()).toMatchObject({ pending: 0, dead: 0, delivered: 48, circuit: 'closed' });
  });

  it('keeps dead letters for each, and redelivers that of one alone', async () => {
    const [crm, sales] = [await start(reply(422)), await start(reply(422))];
    const notifier = createFor({
      crm: { baseUrl: crm.url, authToken },
      sales: { baseUrl: sales.url, authToken },
    });
    const [id] = await notifier.accept('a');
    await passTimeUntil(notifier.hear('dead', 2), clock);
    const { deadLetters } = notifier;
    expect((await deadLetters.list()).map((letter) => [letter.target, letter.id]).sort()).toEqual([
      ['crm', id],
      ['sales', id],
    ]);
    sales.answerWith(accept);
    expect(await deadLetters.redeliver(id!, 'sales')).toBe(1);
    await passTimeUntil(notifier.hear('delivered'), clock);
    expect(notifier.told('delivered')).toMatchObject([{ id, target: 'sales' }]);
    expect(await deadLetters.list()).toMatchObject([{ target: 'crm' }]);
    expect(await deadLetters.list({ target: 'sales' })).toEqual([]);
    expect(await statsOf(notifier, 'crm')).toMatchObject({ dead: 1 });
    expect(await deadLetters.discard(id!, 'sales')).toBe(0);
    expect(await deadLetters.discard(id!)).toBe(1);
  });

  it('gives each its own rate limit and its own concurrency', async () => {
    const [crm, slow] = [await start(), await start()];
    const notifier = createFor({
      crm: { baseUrl: crm.url, authToken },
      slow: { baseUrl: slow.url, authToken, rateLimit: { perSecond: 1 } },
    });
    await notifier.accept(...Array.from({ length: 10 }, (_, index) => `lane:${String(index)}`));
    await passTimeUntil(notifier.hear('delivered', 11), clock);
    expect([crm.received.length, slow.received.length]).toEqual([10, 1]);
    await clock.advance(9_000);
    await slow.waitFor(10);
    await settle(clock);
  });

  it('names the targets and their URLs in the line of the start, and nothing of the tokens', async () => {
    const [crm, sales] = [await start(), await start()];
    const notifier = createFor({ crm: { baseUrl: crm.url, authToken }, sales: { baseUrl: sales.url, authToken } });
    await notifier.ready();
    const [line] = notifier.log.at('info');
    expect(line?.message).toContain(`posts to crm (${crm.url}/notify), sales (${sales.url}/notify)`);
    expect(line?.fields).toMatchObject({ targets: { crm: `${crm.url}/notify`, sales: `${sales.url}/notify` } });
    expect(JSON.stringify(notifier.log.lines)).not.toContain(authToken);
  });

  it('warns of what waits for a target that is no longer configured, and delivers it once it is again', async () => {
    const [crm, sales] = [await start(), await start()];
    await sales.close();
    const outbox = join(directory(), 'outbox');
    const both = { crm: { baseUrl: crm.url, authToken }, sales: { baseUrl: sales.url, authToken } };
    const before = create({ outbox, targets: both });
    const [id] = await before.accept('a');
    await before.hear('delivered');
    await before.close(1);

    const renamed = create({ outbox, targets: { crm: both.crm, salesforce: both.sales } });
    await renamed.ready();
    while (renamed.log.at('warn').length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(renamed.log.at('warn')).toMatchObject([
      {
        fields: { target: 'sales', pending: 1 },
        message: expect.stringMatching(/1 notification for the target sales will wait: it is not configured/),
      },
    ]);
    expect(await renamed.stats()).toMatchObject({ pending: 1, targets: { crm: { pending: 0 } } });
    await renamed.close(1);

    const back = await start(accept, sales.port);
    const again = create({ outbox, targets: both });
    await again.hear('delivered');
    expect(idsOf(back.received)).toEqual([id]);
    expect(again.log.at('warn')).toEqual([]);
  });
});
