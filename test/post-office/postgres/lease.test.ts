import { eventually } from '../../demo-app/eventually.js';
import { reply } from '../../helpers/scripted-crm.js';
import { idsOf, laneOf, useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { useAppDatabases, usePostgresNotifiers, withPassword } from '../../helpers/use-postgres-notifiers.js';
import type { BuiltProgram } from '../built-program.js';
import { useSharingApps } from '../sharing-apps.js';

// Processes start, freeze and end for real, on a machine that may be busy.
jest.setTimeout(30_000);

describeOnPostgres('of the processes that share an outbox in PostgreSQL', () => {
  const createNotifier = usePostgresNotifiers();
  const { start, acceptIn, delivers, roles } = useSharingApps();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();

  const startApps = (baseUrl: string, url: string, count: number): Promise<BuiltProgram[]> =>
    start(baseUrl, withPassword(url), count);
  const leaderOf = async (apps: readonly BuiltProgram[]): Promise<{ leader: BuiltProgram; other: BuiltProgram }> => {
    const { one, others } = await roles(apps);
    return { leader: one, other: others[0]! };
  };

  it('one that leads and is killed is replaced within 5 seconds', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, await createDatabase(), 2);
    const { leader, other } = await leaderOf(apps);
    const before = await acceptIn(leader, 'a');
    await crm.waitFor(1);
    leader.kill('SIGKILL');
    const sinceMs = performance.now();
    const after = await acceptIn(other, 'a');
    while (!idsOf(crm.received).includes(after)) await crm.waitFor(crm.received.length + 1);
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
    expect([...new Set(idsOf(crm.received))]).toEqual([before, after]);
  });

  it('one that leads and is frozen is replaced within 10 seconds, and posts nothing when it thaws', async () => {
    const crm = await startCrm(reply(503, '', { 'retry-after': '2' }));
    const apps = await startApps(crm.url, await createDatabase(), 2);
    const { leader, other } = await leaderOf(apps);
    // It has plans: a second attempt.
    const planned = await acceptIn(leader, 'a');
    await crm.waitFor(1);
    leader.kill('SIGSTOP');
    crm.answerWith((_received, res) => void res.end('{}'));
    const sinceMs = performance.now();
    const after = await acceptIn(other, 'b');
    await crm.waitFor(3);
    expect(performance.now() - sinceMs).toBeLessThan(10_000);
    expect(idsOf(crm.received).slice(1).sort()).toEqual([planned, after].sort());
    leader.kill('SIGCONT');
    expect(await delivers(leader)).toBe(false);
    const last = await acceptIn(leader, 'c');
    await crm.waitFor(4);
    expect(idsOf(crm.received).slice(3)).toEqual([last]);
    expect(await delivers(other)).toBe(true);
  });

  it('one that leads and is closed is replaced at once', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, await createDatabase(), 2);
    const { leader, other } = await leaderOf(apps);
    leader.kill('SIGTERM');
    await leader.ended;
    const sinceMs = performance.now();
    await acceptIn(other, 'a');
    await crm.waitFor(1);
    // The others look once a second.
    expect(performance.now() - sinceMs).toBeLessThan(2_000);
  });

  it('two that lead at a time, because somebody changed the lease, repeat ids, and overtake in no lane', async () => {
    const url = await createDatabase();
    const crm = await startCrm((_received, res) => void setTimeout(() => res.end('{}'), 5));
    const apps = [createNotifier({ url, baseUrl: crm.url }), createNotifier({ url, baseUrl: crm.url })];
    const { client } = await connectApp(url);
    await Promise.all(apps.map((app) => app.ready()));
    const lanes = ['a', 'b', 'c'];
    const accepted: string[] = [];
    const both = { count: 0 };
    while (accepted.length < 900 || both.count < 2) {
      accepted.push(...(await apps[accepted.length % 2]!.accept(...lanes)));
      if (accepted.length % 90 !== 0) continue;
      await client.query('UPDATE crm_outbox_state SET leader = NULL');
      const lead = await Promise.all(apps.map(async (app) => (await app.stats()).isDelivering));
      if (lead.every(Boolean)) both.count += 1;
    }
    await eventually('all are delivered', () => new Set(idsOf(crm.received)).size === accepted.length || undefined);
    for (const [index, lane] of lanes.entries()) {
      const arrived = idsOf(crm.received.filter((received) => laneOf(received) === lane));
      expect([...new Set(arrived)]).toEqual(accepted.filter((_, place) => place % lanes.length === index));
    }
    expect(apps.flatMap((app) => app.told('dead'))).toEqual([]);
    // That two do is a matter of moments: a busy machine has to try for a while.
  }, 120_000);
});
