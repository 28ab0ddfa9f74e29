import { join } from 'node:path';
import express from 'express';
import { testDashboard } from '../dashboard/use-dashboard.js';
import { useCli } from '../cli/cli-program.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { useServer } from '../helpers/served.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { axeViolations } from './axe-violations.js';
import { describeInBrowser, useBrowser } from './use-browser.js';

const ofEachKind = 2_500;
const noSuchUser = reply(422, '{"error":"no such user"}');
const noMessage = reply(400, '{"error":"message is missing"}');

describeInBrowser('an incident, at the dashboard of an app that only accepts', () => {
  const makeNotifier = useNotifiers();
  const startCli = useCli();
  const startCrm = useCrm();
  const serve = useServer();
  const directory = useTempDirectory();
  const open = useBrowser();

  it('is seen, understood and over after six clicks, and every number is that of the CRM and the file', async () => {
    const fixed = new Set<string>();
    let takenCount = 0;
    const answer: Answer = (received, res) => {
      const type = String(received.json?.['notification_type']);
      if (fixed.has(type) || type === 'good') {
        takenCount += 1;
        accept(received, res);
      } else (type === 'wrong_user' ? noSuchUser : noMessage)(received, res);
    };
    const crm = await startCrm(answer);
    const outbox = join(directory(), 'outbox');
    await prepareOutbox(outbox, { count: 0, deadCount: 0 });
    const deliver = startCli(['deliver', '--watch', '--outbox', outbox, '--base-url', crm.url]);
    await deliver.printed('Delivering');
    const { notifier, stats } = makeNotifier({ outbox, baseUrl: crm.url, sync: 'normal' });
    const notify = (notificationType: string, number: number) =>
      notifier.notify({ notificationType, userId: 1, message: 'm', lane: `${notificationType}:${String(number)}` });
    const app = express();
    app.use('/crm', testDashboard(notifier, { authorize: () => true }));
    const { url } = await serve(app);
    const { page, complaints } = await open({ width: 1440 });
    const seen = (text: string | RegExp) => page.locator('#main').getByText(text).first().waitFor();
    let clicks = 0;
    const click = async (name: string | RegExp, scope = page.locator('#main')): Promise<void> => {
      clicks += 1;
      await scope.getByRole('button', { name }).click();
    };
    const confirm = (name: string) => click(name, page.getByRole('dialog'));

    // An outage, where another process delivers.
    await page.goto(`${url}/crm/`);
    await seen('All is well: nothing waits, and there are no dead letters. Delivered by another process.');
    await seen(/Another process delivers: its attempts are on a dashboard of its own, if it has one\.$/);
    await crm.close();
    await notify('good', 0);
    await seen(
      /The CRM cannot be reached: it refuses connections \(ECONNREFUSED\). Delivery waits, with 1 notification pending/,
    );
    await seen(/ECONNREFUSED\), since/);
    const back = await startCrm(answer, crm.port);
    await seen('All is well: nothing waits, and there are no dead letters. Delivered by another process.');

    // Rejections of two kinds.
    const numbers = Array.from({ length: ofEachKind }, (_, index) => index);
    await Promise.all(numbers.flatMap((number) => [notify('wrong_user', number), notify('no_message', number)]));
    while ((await stats()).dead < 2 * ofEachKind) await new Promise((resolve) => setTimeout(resolve, 100));
    await seen('There are 5,000 dead letters: see why below, then redeliver or discard.');
    await seen('5,000 notifications in 2 groups');
    await seen('2,500 × wrong_user');
    await page.locator('#groups-list').getByText('no such user').first().waitFor();
    expect((await axeViolations(page, { excluded: ['#dead-list > li:nth-child(n+4)'] })).map(({ id }) => id)).toEqual(
      [],
    );

    // One kind is fixed: one as a test, then all of it.
    fixed.add('wrong_user');
    await click(/^Redeliver one as a test of wrong_user/);
    await page.locator('#groups-list > li', { hasText: 'wrong_user' }).getByText('The test was delivered.').waitFor();
    await seen('2,499 × wrong_user');
    await click(/^Redeliver all 2,499 of wrong_user/);
    await confirm('Redeliver');
    await seen('2,499 redelivered: 2,499 delivered, 0 died again.');
    expect(takenCount).toBe(1 + ofEachKind);
    await seen('2,500 notifications in 1 group');
    // The other is wrong for good.
    await click(/^Discard all 2,500 of no_message/);
    await confirm('Discard');
    await seen('All is well: nothing waits, and there are no dead letters. Delivered by another process.');
    expect(clicks).toBeLessThanOrEqual(6);
    expect(await stats()).toMatchObject({ pending: 0, dead: 0 });
    const [delivered, dead] = await Promise.all(
      ['Delivered', 'Dead'].map((name) => page.locator('.chart', { hasText: name }).locator('.value').textContent()),
    );
    expect([delivered, dead]).toEqual([takenCount.toLocaleString('en'), '5,000']);
    expect(back.received.length).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  }, 120_000);
});
