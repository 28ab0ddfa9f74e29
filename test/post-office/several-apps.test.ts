import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import type { BuiltProgram } from './built-program.js';
import { useSharingApps } from './sharing-apps.js';

// Processes start and end for real, on a machine that may be busy.
jest.setTimeout(30_000);

describe('several apps on one outbox', () => {
  const { start, acceptIn, delivers, roles } = useSharingApps();
  const startCrm = useCrm();
  const directory = useTempDirectory();

  const startApps = (baseUrl: string, count: number): Promise<BuiltProgram[]> => start(baseUrl, directory(), count);
  const acceptedBy = (apps: readonly BuiltProgram[]): string[] =>
    apps.flatMap(({ lines }) => lines.filter((line) => line.startsWith('accepted')).map((line) => line.split(' ')[1]!));

  it('all accept and one delivers, and a lane of all of them arrives in the order of acceptance', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 4);
    await roles(apps);
    const accepted: string[] = [];
    for (let round = 0; round < 40; round += 1) accepted.push(await acceptIn(apps[round % 4]!, 'shared'));
    expect(idsOf(await crm.waitFor(40))).toEqual(accepted);
    await roles(apps);
    for (const app of apps) app.kill('SIGTERM');
    for (const app of apps) expect(await app.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('go on within five seconds when the one that delivers is killed', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 4);
    const { one, others } = await roles(apps);
    const before = await acceptIn(one, 'a');
    await crm.waitFor(1);
    const sinceMs = performance.now();
    one.kill('SIGKILL');
    const after = await acceptIn(others[0]!, 'a');
    await crm.waitFor(2);
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
    while (!idsOf(crm.received).includes(after)) await crm.waitFor(crm.received.length + 1);
    // The first comes again when its arrival was not yet settled.
    expect([...new Set(idsOf(crm.received))]).toEqual([before, after]);
    await roles(others);
  });

  it('are not harmed by one that is stopped and does not deliver', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 3);
    const { one, others } = await roles(apps);
    others[0]!.kill('SIGSTOP');
    const accepted: string[] = [];
    for (let round = 0; round < 10; round += 1) accepted.push(await acceptIn(round % 2 === 0 ? one : others[1]!, 'a'));
    expect(idsOf(await crm.waitFor(10))).toEqual(accepted);
    others[0]!.kill('SIGCONT');
    accepted.push(await acceptIn(others[0]!, 'a'));
    expect(idsOf(await crm.waitFor(11))).toEqual(accepted);
    await roles(apps);
  });

  it('lose nothing by SIGTERM under load', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 3);
    apps.forEach((app, index) => app.tell({ load: `lane:${String(index)}` }));
    await Promise.all(apps.map((app) => app.said('accepted', 50)));
    for (const app of apps) app.kill('SIGTERM');
    for (const app of apps) expect(await app.ended).toEqual({ code: 0, signal: null, stderr: '' });
    const outbox = await openOutboxIn(directory());
    const left = outbox.readAfter('crm', 0, 10_000).map(({ id }) => id);
    outbox.close();
    const kept = new Set([...idsOf(crm.received), ...left]);
    expect(acceptedBy(apps).filter((id) => !kept.has(id))).toEqual([]);
    expect(apps.flatMap(({ lines }) => lines.filter((line) => /^(rejected|error)/.test(line)))).toEqual([]);
  });

  it('are two processes; in one, a second notifier is refused (case 15)', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 2);
    apps[0]!.tell({ second: true });
    expect(await apps[0]!.said('second')).toEqual(['ERR_CRM_CONFIG']);
    // Had the refusal touched the file, the locks of the first would be gone.
    await roles(apps);
    const accepted = [await acceptIn(apps[0]!, 'a'), await acceptIn(apps[1]!, 'a')];
    expect(idsOf(await crm.waitFor(2))).toEqual(accepted);
  });

  it('agree again on one that delivers when the lock’s file is deleted', async () => {
    const crm = await startCrm();
    const apps = await startApps(crm.url, 2);
    await roles(apps);
    rmSync(join(directory(), 'outbox.db-delivery'));
    // Both look for the lock at least once a second; bounded by this test's time limit.
    for (let round = 0; round < 3; round += 1) {
      const count = crm.received.length;
      await acceptIn(apps[round % 2]!, `lane:${String(round)}`);
      await crm.waitFor(count + 1);
    }
    while ((await Promise.all(apps.map(delivers))).filter(Boolean).length !== 1);
    const last = await acceptIn(apps[1]!, 'last');
    while (!idsOf(crm.received).includes(last)) await crm.waitFor(crm.received.length + 1);
    await roles(apps);
  });
});
