import { useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { inTurn, accept, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';

const yearMs = 365 * 86_400_000;

describe('A8: a clock that jumps', () => {
  const directory = useTempDirectory();
  const create = useNotifiers();
  const start = useCrm();
  const warnings = (notifier: ReturnType<typeof create>): string[] =>
    notifier.log.at('warn').flatMap(({ message }) => (message.includes('The clock is') ? [message] : []));
  const createOn = (baseUrl: string, clock: OwnedClock) =>
    create({ baseUrl, clock, outbox: directory(), sync: 'normal', retry: { firstDelayMs: 1_000 } });

  it('a year ahead for one start removes no dead letter, and a WARN says so', async () => {
    const crm = await start(reply(422));
    const clock = createOwnedClock();
    const before = createOn(crm.url, clock);
    await before.accept('a');
    await before.hear('dead');
    await before.close();
    clock.jumpWall(yearMs);
    const during = createOn(crm.url, clock);
    await during.ready();
    expect(await during.stats()).toMatchObject({ dead: 1 });
    expect(warnings(during)).toEqual([expect.stringContaining('The clock is 364 days ahead')]);
    await during.close();
    clock.jumpWall(-yearMs);
    const after = createOn(crm.url, clock);
    await after.ready();
    expect(await after.stats()).toMatchObject({ dead: 1 });
    expect(warnings(after)).toEqual([]);
  });

  it.each([
    ['while the app runs', false],
    ['between two starts', true],
  ])('that stood at 1970 and is set right expires nothing: %s', async (_when, isBetween) => {
    const crm = await start(inTurn(reply(503), reply(503), accept));
    const clock = createOwnedClock(1_000);
    let notifier = createOn(crm.url, clock);
    await notifier.accept('a');
    await notifier.hear('retry', 1);
    if (isBetween) await notifier.close();
    clock.jumpWall(56 * yearMs);
    if (isBetween) notifier = createOn(crm.url, clock);
    await clock.advanceUntil(notifier.hear('delivered', 1));
    expect(notifier.told('dead')).toEqual([]);
  });
});
