import { passTimeUntil, settle, testToken, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

describe('delivery to a CRM that refuses the token (case 39)', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  it.each([401, 403])('pauses at %d: one ERROR, nothing lost, and resumes by itself, in order', async (status) => {
    const crm = await start(reply(status, 'who are you?'));
    const notifier = create({ baseUrl: crm.url, clock, concurrency: 1 });
    const ids = await notifier.accept('a', 'b', 'a', 'c', 'b');
    const cause = { kind: 'unauthorised', status, detail: 'who are you?' };
    expect(await notifier.hear('paused')).toEqual([{ target: 'crm', cause }]);
    await settle(clock);
    await clock.advance(600_000);
    expect(await notifier.stats()).toMatchObject({ pending: 5, dead: 0, delivered: 0 });

    crm.answerWith(accept);
    await passTimeUntil(notifier.hear('delivered', 5), clock);
    expect(notifier.told('delivered').map(({ id }) => id)).toEqual(ids);
    expect(notifier.told('paused')).toHaveLength(1);
    expect(notifier.told('resumed')).toHaveLength(1);
    expect(notifier.told('retry')).toEqual([]);
    // Each attempt is told of, though not logged.
    expect(notifier.told('refused')).toHaveLength(crm.received.length - 5);
    expect(notifier.told('refused')[0]).toMatchObject({ id: ids[0], attempts: 1, status });
    expect(notifier.log.at('error')).toMatchObject([{ fields: { status, detail: 'who are you?' } }]);
    expect(notifier.log.at('error')[0]?.message).toContain('CRM_AUTH_TOKEN');
  });

  it('logs why in the words of the CRM, without the token and what was sent', async () => {
    const words = `{"category":"MISSING_SCOPES","message":"${testToken} may not write of lane:3"}`;
    const crm = await start(reply(403, words));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept('lane:3');
    await passTimeUntil(notifier.hear('paused'), clock);
    const [line] = notifier.log.at('error');
    expect(line?.fields['detail']).toMatch(/MISSING_SCOPES.* may not write/);
    expect(JSON.stringify([line, notifier.told('paused')])).not.toMatch(/test-token|lane:3/);
  });

  it('probes with one request at a time, more and more slowly', async () => {
    const crm = await start(reply(401));
    const notifier = create({ baseUrl: crm.url, clock, breaker: { firstDelayMs: 500, maxPauseMs: 30_000 } });
    await notifier.accept(...Array.from({ length: 20 }, (_, index) => `lane:${index}`));
    await notifier.hear('paused');
    // Those that were under way already; nobody could know.
    await crm.waitFor(8);
    while (clock.monotonicMs() < 3_600_000) await clock.advance(1_000);
    // At most 30 seconds apart, at least 15.
    const probes = crm.received.length - 8;
    expect(probes).toBeGreaterThan(100);
    expect(probes).toBeLessThan(260);
    // Each of the others once in between, for it might have been the notification; then always the oldest, for a long time.
    expect(new Set(crm.received.slice(8 + 24, 8 + 60).map(laneOf))).toEqual(new Set(['lane:0']));
    expect(notifier.log.at('error')).toHaveLength(1);
  });

  it('says nothing new when an earlier request is still taken after the first refusal', async () => {
    const held: (() => void)[] = [];
    const crm = await start((received, res) => {
      if (laneOf(received) === 'slow') held.push(() => accept(received, res));
      else reply(401)(received, res);
    });
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept('slow', 'a', 'b');
    await crm.waitFor(3);
    await notifier.hear('paused');
    held[0]!();
    await notifier.hear('delivered');
    await settle(clock);
    expect(notifier.told('resumed')).toEqual([]);
    while (clock.monotonicMs() < 60_000) await clock.advance(500);
    expect(notifier.told('paused')).toHaveLength(1);
    expect(notifier.log.at('error')).toHaveLength(1);
  });

  it('counts each refusal as an attempt, for it was one', async () => {
    const crm = await start(reply(401));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept('a');
    await passTimeUntil(crm.waitFor(3), clock);
    expect(crm.received.slice(0, 3).map(({ headers }) => headers['x-retry-count'])).toEqual([undefined, '1', '2']);
  });

  it('says so when an outage ends in a refusal: somebody has to act', async () => {
    const gone = await start();
    await gone.close();
    const notifier = create({ baseUrl: gone.url, clock });
    await notifier.accept('a');
    await passTimeUntil(notifier.hear('paused'), clock);
    await start(reply(403), gone.port);
    await passTimeUntil(notifier.hear('paused', 2), clock);
    while (clock.monotonicMs() < 120_000) await clock.advance(500);
    expect(notifier.told('paused').map(({ cause }) => cause.kind)).toEqual(['unreachable', 'unauthorised']);
    expect(notifier.log.at('error')).toHaveLength(2);
  });

  it('goes on with a new token from the provider, without a pause', async () => {
    let token = 'first-token-0123456789';
    const crm = await start((received, res) => {
      const isRight = received.headers.authorization === 'Bearer second-token-0123456789';
      (isRight ? accept : reply(401))(received, res);
    });
    const notifier = create({ baseUrl: crm.url, clock, authToken: () => token });
    token = 'first-token-0123456789';
    const accepted = notifier.accept('a');
    await accepted;
    await crm.waitFor(1);
    token = 'second-token-0123456789';
    await passTimeUntil(notifier.hear('delivered'), clock);
    expect(crm.received.at(-1)?.headers.authorization).toBe('Bearer second-token-0123456789');
    expect(idsOf(crm.received)).toEqual(new Array(crm.received.length).fill((await accepted)[0]));
  });
});
