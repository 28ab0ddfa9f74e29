import { join } from 'node:path';
import type { Notifier } from '../../src/index.js';
import { useCliRuns } from '../cli/cli-program.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';

const hourMs = 3_600_000;
/** Nothing is tried again by itself. */
const patient = {
  retry: { firstDelayMs: hourMs, maxDelayMs: hourMs },
  breaker: { failureThreshold: 1, firstDelayMs: hourMs, maxDelayMs: hourMs, maxPauseMs: hourMs },
};

/** Resolves once the outbox has stored when each is tried next, which is a moment after the event. */
async function untilStored({ find }: Pick<Notifier, 'find'>, ...ids: readonly string[]): Promise<void> {
  const isStored = async (id: string): Promise<boolean> => {
    const [stored] = await find(id);
    return stored?.state === 'pending' && stored.nextAttemptAt > 0;
  };
  for (const id of ids) while (!(await isStored(id))) await new Promise(setImmediate);
}

describe('a notification that is to be tried now', () => {
  const makeNotifier = useNotifiers();
  const startCrm = useCrm();
  const directory = useTempDirectory();
  const runCli = useCliRuns();

  it('is tried before its next attempt is due, and nothing else is', async () => {
    const crm = await startCrm(inTurn(reply(503), reply(503), accept));
    const { notifier, accept: take, hear } = makeNotifier({ baseUrl: crm.url, ...patient });
    const [first = '', second = '', behind = ''] = await take('a', 'b', 'a');
    await hear('retry', 2);
    await untilStored(notifier, first, second);
    expect(await notifier.tryNow('unknown')).toBe(0);
    expect(await notifier.tryNow(behind)).toBe(0);
    expect(await notifier.tryNow(first, 'nobody')).toBe(0);
    expect(await notifier.tryNow(first)).toBe(1);
    const [delivered, next] = await hear('delivered', 2);
    expect([delivered, next]).toMatchObject([
      { id: first, attempts: 2 },
      { id: behind, attempts: 1 },
    ]);
    expect((await notifier.stats()).pending).toBe(1);
  });

  it('is the probe of a paused target, at once', async () => {
    const crm = await startCrm();
    const { url } = crm;
    await crm.close();
    const { notifier, accept: take, hear } = makeNotifier({ baseUrl: url, ...patient });
    const ids = await take('a', 'b', 'c');
    await hear('paused');
    const again = await startCrm(accept, Number(new URL(url).port));
    expect(await notifier.tryNow(ids[2]!)).toBe(1);
    const [first] = await hear('delivered');
    expect(first?.id).toBe(ids[2]);
    await hear('delivered', 3);
    expect(idsOf(again.received)).toHaveLength(3);
  });

  it('is tried by the process that delivers, though another one asks for it: crm-notifier outbox try', async () => {
    const crm = await startCrm(inTurn(reply(503), accept));
    const outbox = join(directory(), 'outbox');
    const { notifier, accept: take, hear } = makeNotifier({ baseUrl: crm.url, outbox, ...patient });
    const [id = ''] = await take('a');
    await hear('retry');
    await untilStored(notifier, id);
    const tried = await runCli(['outbox', 'try', id.slice(-12), '--outbox', outbox]);
    expect(tried).toMatchObject({ code: 0, stdout: `${id} is due now.\n`, stderr: '' });
    expect(await hear('delivered')).toMatchObject([{ id, attempts: 2 }]);
    await notifier.pause({ by: 'ada' });
    const [waiting = ''] = await take('a');
    const refused = 'delivery to crm is paused by ada; resume it first';
    expect(await runCli(['outbox', 'try', waiting, '--outbox', outbox])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringContaining(refused) },
    });
    await expect(notifier.tryNow(waiting)).rejects.toThrow(`crm.tryNow(): ${refused}`);
    expect(await notifier.tryNow(id)).toBe(0);
    const gone = await runCli(['outbox', 'try', id, '--outbox', outbox]);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining(id) });
  });
});

describeOnPostgres('a notification in PostgreSQL that is to be tried now', () => {
  const createDatabase = usePostgres();
  const makeNotifier = useNotifiers();
  const startCrm = useCrm();

  it('is tried before its next attempt is due, and nothing else is', async () => {
    const crm = await startCrm(inTurn(reply(503), reply(503), accept));
    const {
      notifier,
      accept: take,
      hear,
    } = makeNotifier({ baseUrl: crm.url, outbox: await createDatabase(), ...patient });
    const [first = '', second = '', behind = ''] = await take('a', 'b', 'a');
    await hear('retry', 2);
    await untilStored(notifier, first, second);
    expect(await notifier.tryNow('unknown')).toBe(0);
    expect(await notifier.tryNow(behind)).toBe(0);
    await notifier.pause();
    await expect(notifier.tryNow(first)).rejects.toThrow('delivery to crm is paused by hand; resume it first');
    await notifier.resume();
    expect(await notifier.tryNow(first)).toBe(1);
    expect(await hear('delivered', 2)).toMatchObject([{ id: first, attempts: 2 }, { id: behind }]);
  });

  it('is the probe of a paused target within a second, though another process asks for it', async () => {
    const crm = await startCrm();
    const { url } = crm;
    await crm.close();
    const options = { baseUrl: url, outbox: await createDatabase(), ...patient };
    const { accept: take, hear, ready } = makeNotifier(options);
    await ready();
    const ids = await take('a', 'b', 'c');
    await hear('paused');
    const another = makeNotifier(options);
    await another.ready();
    expect((await another.stats()).isDelivering).toBe(false);
    const again = await startCrm(accept, Number(new URL(url).port));
    expect(await another.notifier.tryNow(ids[2]!)).toBe(1);
    const [first] = await hear('delivered');
    expect(first?.id).toBe(ids[2]);
    await hear('delivered', 3);
    expect(idsOf(again.received)).toHaveLength(3);
  });
});
