import { tablesOf } from '../../../src/outbox/postgres/schema.js';
import { eventually } from '../../demo-app/eventually.js';
import { notificationIn, type ObservedNotifier } from '../../helpers/observed-notifier.js';
import { accept, inTurn, reply, type Answer, type ScriptedCrm } from '../../helpers/scripted-crm.js';
import { idsOf, laneOf, useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { useAppDatabases, usePostgresNotifiers, type OnPostgres } from '../../helpers/use-postgres-notifiers.js';

const { pending } = tablesOf({ schema: 'public', name: 'crm_outbox' });
const retry = { firstDelayMs: 20, maxDelayMs: 50 };

describeOnPostgres('delivery from an outbox in PostgreSQL', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let url: string;
  let crm: ScriptedCrm;
  beforeEach(async () => {
    [url, crm] = await Promise.all([createDatabase(), startCrm()]);
  });
  const open = (options: Partial<OnPostgres> = {}): ObservedNotifier =>
    createNotifier({ url, baseUrl: crm.url, retry, ...options });
  const lanesAtCrm = (): string[] => crm.received.map(laneOf);
  /** Answers what is of these lanes so, and takes all else. */
  const answerIn = (lanes: readonly string[], answer: Answer): void => {
    crm.answerWith((received, res) => (lanes.includes(laneOf(received)) ? answer : accept)(received, res));
  };

  it('waits as long as Retry-After says; meanwhile other lanes go on, and none of the lane overtakes', async () => {
    const app = open();
    answerIn(['a'], reply(503, '', { 'retry-after': '1' }));
    const sinceMs = performance.now();
    const ids = await app.accept('a', 'a', 'b');
    await app.hear('retry');
    crm.answerWith(accept);
    ids.push(...(await app.accept('a', 'c')));
    await crm.waitFor(6);
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(1_000);
    expect(lanesAtCrm().slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
    expect(idsOf(crm.received.slice(3))).toEqual([ids[0], ids[1], ids[3]]);
  });

  it('keeps that wait, and the lane’s order, across a takeover', async () => {
    const app = open();
    answerIn(['a'], reply(503, '', { 'retry-after': '2' }));
    const sinceMs = performance.now();
    const ids = await app.accept('a', 'a');
    await app.hear('retry');
    const { rows } = await connectApp(url);
    await eventually(
      'the wait is stored',
      async () => (await rows(`SELECT FROM ${pending} WHERE due_at IS NOT NULL`))[0],
    );
    await app.close();
    crm.answerWith(accept);
    const next = open();
    ids.push(...(await next.accept('a', 'b')));
    await next.hear('delivered', 4);
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(2_000);
    expect(idsOf(crm.received)).toEqual([ids[0], ids[3], ids[0], ids[1], ids[2]]);
    // The second attempt is counted as such.
    expect(
      next
        .told('delivered')
        .map(({ attempts }) => attempts)
        .sort(),
    ).toEqual([1, 1, 1, 2]);
  });

  it('pauses when the CRM refuses the token, loses nothing, and goes on by itself', async () => {
    const app = open({ breaker: { firstDelayMs: 20, maxDelayMs: 50 } });
    await app.accept('first');
    await app.hear('delivered');
    crm.answerWith(reply(401));
    await app.accept('a', 'a', 'b');
    await app.hear('paused');
    expect(app.log.at('error')).toMatchObject([{ message: expect.stringContaining('CRM refuses the token (401)') }]);
    crm.answerWith(accept);
    await app.hear('delivered', 4);
    expect(app.told('resumed')).toHaveLength(1);
    expect(app.told('dead')).toEqual([]);
  });

  it('keeps to the rate limit', async () => {
    const app = open({ rateLimit: { perSecond: 20, burst: 1 } });
    const sinceMs = performance.now();
    await app.accept(...Array.from({ length: 11 }, (_, index) => `lane:${String(index)}`));
    await app.hear('delivered', 11);
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(480);
  });

  it('turns what is refused for good into a dead letter, lets the lane go on, and redelivers at its end', async () => {
    const app = open();
    crm.answerWith(inTurn(reply(422, 'no such user'), accept));
    const [dead, after] = await app.accept('a', 'a');
    await app.hear('delivered');
    expect(await app.deadLetters.list()).toMatchObject([{ id: dead, reason: { kind: 'rejected', status: 422 } }]);
    expect(await app.deadLetters.redeliver(dead!)).toBe(1);
    expect(await app.deadLetters.redeliver(dead!)).toBe(0);
    await app.hear('delivered', 2);
    expect(idsOf(crm.received)).toEqual([dead, after, dead]);
    await app.flush();
    expect(await app.stats()).toMatchObject({ pending: 0, dead: 0 });
  });

  it('gives up what fails for longer than maxAgeMs, from when it was accepted, also across a takeover', async () => {
    const maxAge = { retry: { ...retry, maxAgeMs: 1_500 } };
    const app = open(maxAge);
    answerIn(['a'], reply(503));
    const sinceMs = performance.now();
    const [id] = await app.accept('a');
    await app.hear('retry', 2);
    await app.close();
    const next = open(maxAge);
    const [dead] = await next.hear('dead');
    expect(dead).toMatchObject({ id, reason: { kind: 'expired' } });
    expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(1_400);
    expect(performance.now() - sinceMs).toBeLessThan(8_000);
  });

  it('lets a lane that fails for ever keep no other waiting', async () => {
    const app = open();
    answerIn(['poison'], reply(500));
    await app.accept('poison', 'poison');
    await app.hear('retry', 3);
    for (let round = 0; round < 20; round += 1) await app.accept(`lane:${String(round)}`, 'poison');
    await app.hear('delivered', 20);
    expect(new Set(lanesAtCrm().filter((lane) => lane !== 'poison')).size).toBe(20);
    // Only its first.
    expect(new Set(idsOf(crm.received.filter((received) => laneOf(received) === 'poison'))).size).toBe(1);
  });

  it('delivers what is healthy though more lanes wait than the window holds', async () => {
    const app = open({ maxPending: { count: 20_000 } });
    await app.accept('first');
    await app.hear('delivered');
    await app.close();
    // More than 4,096 lanes whose heads wait for a day, each with one behind it; the healthy ones come after them.
    const { client, rows } = await connectApp(url);
    const body = JSON.stringify(notificationIn('waiting'));
    await client.query(
      `INSERT INTO ${pending} (id, target, type, lane, occurred_at, body, attempts, due_at)
       SELECT gen_random_uuid(), 'crm', 'user_moved', 'waiting:' || n, 0, $1, 3,
              CASE WHEN head THEN clock_timestamp() + interval '1 hour' END
         FROM generate_series(1, 6000) AS n, (VALUES (true), (false)) AS of_lane (head)`,
      [body],
    );
    const next = open({ maxPending: { count: 20_000 }, retry: { ...retry, maxRetryAfterMs: 7_200_000 } });
    await next.accept(...Array.from({ length: 50 }, (_, index) => `healthy:${String(index)}`));
    await next.hear('delivered', 50);
    expect(lanesAtCrm().filter((lane) => lane.startsWith('healthy'))).toHaveLength(50);
    expect(crm.received).toHaveLength(51);
    expect(await rows(`SELECT count(*)::integer AS count FROM ${pending}`)).toEqual([{ count: 12_000 }]);
    // Once they are due, they are delivered, each lane in its order.
    await client.query(`UPDATE ${pending} SET due_at = clock_timestamp() WHERE due_at IS NOT NULL AND lane LIKE '%00'`);
    await next.hear('delivered', 50 + 120);
  });
});
