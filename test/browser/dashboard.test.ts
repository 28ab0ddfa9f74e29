import { hostname } from 'node:os';
import express from 'express';
import type { Locator, Page } from 'playwright-core';
import type { NotifierOptions, Stats } from '../../src/index.js';
import { fillDeadLetters, idOfLetter } from '../dashboard/fill-dead-letters.js';
import { testDashboard } from '../dashboard/use-dashboard.js';
import { useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { openPostgresTables } from '../helpers/postgres-tables.js';
import { sampleNotifications } from '../helpers/sample-notification.js';
import { accept, inTurn, reply, type ScriptedCrm } from '../helpers/scripted-crm.js';
import { useServer } from '../helpers/served.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { axeViolations } from './axe-violations.js';
import { describeInBrowser, useBrowser } from './use-browser.js';
import { settleIn } from '../helpers/settle-in.js';

jest.setTimeout(60_000);

// Contrast depends on the scheme and layout on the width, so one test of each is enough.
const settings = [
  { width: 1440, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const;

describeInBrowser('the dashboard in a browser', () => {
  const makeNotifier = useNotifiers();
  const startCrm = useCrm();
  const serve = useServer();
  const directory = useTempDirectory();
  const open = useBrowser();

  interface Opened extends ObservedNotifier {
    readonly page: Page;
    readonly complaints: readonly string[];
    readonly url: string;
  }

  async function openDashboard(
    options: NotifierOptions,
    setting: Parameters<typeof open>[0] = {},
    before: (notifier: ObservedNotifier) => Promise<unknown> = async () => undefined,
    mayChange = (): boolean => true,
  ): Promise<Opened> {
    const observed = makeNotifier(options);
    const app = express();
    const all = () => true;
    const dashboard = testDashboard(observed.notifier, { authorize: all, authorizeChange: mayChange, showBodies: all });
    app.use('/crm', dashboard);
    const { url } = await serve(app);
    await before(observed);
    const { page, complaints } = await open(setting);
    await page.goto(`${url}/crm`);
    await page.getByText('Live', { exact: true }).waitFor();
    return { ...observed, page, complaints, url };
  }

  /** Some delivered, some dead, one retried. */
  async function withDead(
    count: number,
    setting: Parameters<typeof open>[0] = {},
  ): Promise<Opened & { crm: ScriptedCrm }> {
    const replies = [
      accept,
      reply(503),
      accept,
      ...Array.from({ length: count }, () => reply(422, 'user is unknown')),
      accept,
    ];
    const crm = await startCrm(inTurn(...replies));
    const options = { baseUrl: crm.url, concurrency: 1, retry: { firstDelayMs: 1, maxDelayMs: 1 } };
    const opened = await openDashboard(options, setting, async (observed) => {
      await observed.accept('first');
      await observed.hear('delivered');
      await observed.accept('second');
      await observed.hear('delivered', 2);
      await observed.accept(...Array.from({ length: count }, (_, index) => `booking:${String(index)}`));
      if (count > 0) await observed.hear('dead', count);
    });
    return { ...opened, crm };
  }

  describeOnPostgres('of an outbox in PostgreSQL', () => {
    const createDatabase = usePostgres();

    it.each(settings)('shows which processes share it, and is accessible, at a width of $width', async (setting) => {
      const url = await createDatabase();
      const { page, complaints } = await openDashboard({ outbox: url }, setting, ({ ready }) => ready());
      const row = (index: number): Locator => page.locator('#processes-rows tr').nth(index);
      await row(0).getByText('✓ delivers').waitFor();
      expect(await row(0).locator('td').allTextContents()).toEqual([
        hostname(),
        String(process.pid),
        expect.any(String),
        '✓ delivers',
      ]);
      const tables = await openPostgresTables(url);
      await tables.run(`INSERT INTO crm_outbox_processes (id, name, pid) VALUES (gen_random_uuid(), 'web-<b>2', 4711)`);
      await tables.close();
      await row(1).getByText('only accepts').waitFor();
      expect((await row(1).locator('td').allTextContents()).slice(0, 2)).toEqual(['web-<b>2', '4711']);
      await expectAccessible(page);
      expect(await scrollsTooFar(page)).toBe(false);
      expect(complaints).toEqual([]);
    });
  });

  describe.each(settings)('at a width of $width, in $colorScheme', ({ width, colorScheme }) => {
    it.each([0, 10])('is accessible with %i dead letters', async (count) => {
      const { page, complaints } = await withDead(count, { width, colorScheme });
      if (count > 0)
        await letters(page)
          .nth(count - 1)
          .waitFor();
      await page.getByText('Show the numbers as a table').click();
      await expectAccessible(page);
      expect(await scrollsTooFar(page)).toBe(false);
      expect(complaints).toEqual([]);
    });

    it('is accessible in trouble', async () => {
      const options = { baseUrl: 'http://127.0.0.1:9', breaker: { failureThreshold: 1 } };
      const { page } = await openDashboard(options, { width, colorScheme }, async (observed) => {
        await observed.accept('a');
        await observed.hear('paused');
      });
      await page.getByText('cannot be reached (ECONNREFUSED)').first().waitFor();
      await expectAccessible(page);
    });

    it('shows each of several targets with its state', async () => {
      const [crm, sales] = [await startCrm(), await startCrm(reply(401))];
      const { page, accept, hear, complaints } = await openDashboard(
        { targets: { crm: { baseUrl: crm.url, authToken: 'a' }, sales: { baseUrl: sales.url, authToken: 'b' } } },
        { width, colorScheme },
      );
      await accept('a');
      await hear('delivered');
      await page.getByRole('row', { name: /^sales ▲ paused token refused \(401\), since .* 1 / }).waitFor();
      await page
        .getByRole('row', { name: /^crm ✓ delivers 0 pending – 0 dead letters 1 0 Pause … delivery to crm$/ })
        .waitFor();
      await page
        .getByText(/^The target sales refuses the token \(401\): set the right targets.sales.authToken/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Pause … delivery to sales' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await page
        .getByRole('row', { name: /^sales ● paused by hand, since .* 1 .* Resume delivery to sales$/ })
        .waitFor();
      await page
        .getByText(/^Delivery to sales was paused by hand at \d+:\d\d [AP]M\. 1 notification pending/)
        .first()
        .waitFor();
      expect(await focused(page)).toBe('Resume delivery to sales');
      await page.getByRole('button', { name: 'Pause … delivery to crm' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await page.locator('#figure-circuit').getByText('paused').waitFor();
      await page.getByRole('button', { name: 'Resume delivery to crm' }).press('Enter');
      await page.locator('#figure-circuit').getByText('open').waitFor();
      await expectAccessible(page);
      expect(await scrollsTooFar(page)).toBe(false);
      await page.getByRole('button', { name: 'Resume delivery to sales' }).press('Enter');
      await page.getByRole('row', { name: /^sales ▲ paused token refused \(401\), since / }).waitFor();
      expect(complaints).toEqual([]);
    });
  });

  it('shows the processes that share the outbox, and which delivers', async () => {
    const { page } = await withDead(0, { width: 1440 });
    await page
      .getByRole('row', { name: `${hostname()} ${String(process.pid)}` })
      .getByText('delivers')
      .waitFor();
  });

  it('has charts of a day and a week, in its address, which Back and a reload keep', async () => {
    const { page, complaints } = await withDead(2, { width: 1440 });
    await page.getByRole('link', { name: 'Week' }).click();
    await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Day' }).click();
    await page.getByRole('img', { name: 'Dead per 15 minutes: 2 in the past day' }).waitFor();
    await page.reload();
    await page.getByRole('img', { name: 'Dead per 15 minutes: 2 in the past day' }).waitFor();
    await page.goBack();
    await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
    const type = page.getByRole('region', { name: 'Table of types' }).getByRole('row', { name: /dead letters/ });
    expect(await type.getByRole('cell').allTextContents()).toEqual(['4', '2', '1', '2']);
    await page.getByText('in the past week, of all processes', { exact: true }).waitFor();
    await type.getByRole('link').press('Enter');
    await page.getByText(/^type: /).waitFor();
    expect(await letters(page).count()).toBe(2);
    await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows the numbers of crm.stats(), and what the CRM received', async () => {
    const { page, stats, crm, complaints } = await withDead(10, { width: 1440 });
    await letters(page).nth(9).waitFor();
    await expectFigures(page, await stats());
    expect(await figure(page, 'delivered')).toBe(crm.received.length - 11);
    expect(await page.getByRole('img', { name: 'Dead per minute: 10 in the past hour' }).count()).toBe(1);
    expect(await page.locator('#attempts-rows tr').count()).toBe(crm.received.length);
    expect(await page.title()).toBe('● 10 dead – CRM notifier');
    expect(complaints).toEqual([]);
  });

  it('shows 100,000 dead letters page by page, and finds one of them (case 58)', async () => {
    await fillDeadLetters(directory(), 100_000);
    const crm = await startCrm();
    const startedAtMs = performance.now();
    const { page, stats, complaints } = await openDashboard(
      { baseUrl: crm.url, outbox: directory() },
      { width: 1440 },
      ({ ready }) => ready(),
    );
    await letter(page, idOfLetter(100_000)).waitFor();
    const tookMs = performance.now() - startedAtMs;
    const paintedMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    );
    process.stdout.write(
      `the page with 100,000 dead letters: ${tookMs.toFixed(0)} ms, the browser's start included; ` +
        `something to see after ${paintedMs.toFixed(0)} ms\n`,
    );
    await expectFigures(page, await stats());
    expect(await letters(page).count()).toBe(50);
    await page.getByText('1–50 of 100,000').waitFor();
    await page.getByRole('button', { name: 'Next' }).press('Enter');
    await letter(page, idOfLetter(99_950)).waitFor();
    expect(await focused(page)).toBe('Next');
    await page.getByText('51–100 of 100,000').waitFor();
    await page.reload();
    await letter(page, idOfLetter(99_950)).waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await letter(page, idOfLetter(100_000)).waitFor();
    await page.getByText('1–50 of 100,000').waitFor();
    await page.goBack();
    await letter(page, idOfLetter(99_950)).waitFor();
    await page.getByRole('searchbox').fill('user 4711 is');
    await page.getByRole('searchbox').press('Enter');
    await letter(page, idOfLetter(4_711)).waitFor();
    expect(await letters(page).count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('search')).toBe('user 4711 is');
    expect(await scrollsTooFar(page)).toBe(false);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('redelivers one by keyboard alone, keeps the focus beside it, and the CRM gets it', async () => {
    const { page, crm, deadLetters, hear } = await withDead(3);
    const [newest, next] = await deadLetters.list();
    await letter(page, newest!.id).waitFor();
    await page.getByRole('searchbox').focus();
    while (!(await focused(page)).startsWith('Redeliver 0')) await page.keyboard.press('Tab');
    expect(await focused(page)).toBe(`Redeliver ${newest!.id}`);
    await page.keyboard.press('Enter');
    await hear('delivered', 3);
    expect(idsOf(crm.received).at(-1)).toBe(newest!.id);
    await page.getByText(`${newest!.id} redelivered: 1 delivered, 0 died again.`).waitFor();
    expect(await focused(page)).toBe(`Redeliver ${next!.id}`);
    await page.getByText('There are 2 dead letters').first().waitFor();
    expect(await focused(page)).toBe(`Redeliver ${next!.id}`);
  });

  it('lists what is pending, what each waits for, and what matches, in the address and as a file', async () => {
    const away = { baseUrl: 'http://127.0.0.1:9', breaker: { failureThreshold: 1 } };
    const { page, url, complaints } = await openDashboard(away, { width: 320 }, async ({ accept, hear }) => {
      await accept('a', 'a', 'b');
      await hear('paused');
    });
    await page.locator('#figure-pending').click();
    await page.getByRole('heading', { name: 'Pending' }).waitFor();
    expect(await focused(page)).toBe('Pending');
    const rows = page.locator('#pending-list > li');
    await rows.first().getByText('paused: when delivery goes on').waitFor();
    await rows.nth(1).getByText('after the one before it in its lane').waitFor();
    await page.getByText('1–3 of 3').waitFor();
    await page.getByText('More filters').click();
    await page.getByLabel('Lane').fill('b');
    await page.getByLabel('Lane').press('Enter');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByText('lane: b').waitFor();
    await page.reload();
    await page.getByText('1–1 of 1').waitFor();
    expect(await rows.locator('.code').last().textContent()).toBe('b');
    await rows.first().getByText('paused: when delivery goes on').waitFor();
    for (const [width, colorScheme] of [
      [320, 'dark'],
      [1440, 'light'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
      expect([width, await scrollsTooFar(page)]).toEqual([width, false]);
    }
    await rows.first().getByRole('link').click();
    await page.locator('#notification').getByText('paused: when delivery goes on').waitFor();
    await page.goBack();
    const file = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
    const csv = await (await fetch(`${url}/crm/${file!}`)).text();
    expect(csv.trim().split('\r\n')).toHaveLength(2);
    await page.goBack();
    await page.getByText('1–3 of 3').waitFor();
    // What both kinds have stays when the other kind is chosen.
    await page.goForward();
    await page.getByRole('link', { name: 'Dead', exact: true }).click();
    await page.getByText('No dead letter matches.').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText('No dead letters.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('redelivers and discards selected ones, by keyboard alone', async () => {
    const { page, deadLetters, crm, hear, stats } = await withDead(3, { width: 320 });
    const ids = (await deadLetters.list()).map(({ id }) => id);
    await letters(page).nth(2).waitFor();
    await page.getByLabel('Select this page').press('Space');
    await page.getByText('3 dead letters selected').waitFor();
    await page.getByLabel(`Select ${ids[0]!}`).press('Space');
    await page.getByText('2 dead letters selected').waitFor();
    expect(await scrollsTooFar(page)).toBe(false);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Redeliver selected …' }).press('Enter');
    await page.getByRole('heading', { name: 'Redeliver 2 dead letters?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Redeliver' }).press('Enter');
    await hear('delivered', 4);
    expect(idsOf(crm.received).slice(-2).sort()).toEqual(ids.slice(1).sort());
    await page.getByText('2 redelivered: 2 delivered, 0 died again.').waitFor();
    await page.getByText('1–1 of 1').waitFor();
    await page.getByLabel(`Select ${ids[0]!}`).press('Space');
    await page.getByRole('button', { name: 'Discard selected …' }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).press('Enter');
    await page.getByText('1 dead letter discarded.').waitFor();
    expect(await stats()).toMatchObject({ dead: 0, pending: 0 });
  });

  it('says so when one is no longer dead (case 59)', async () => {
    const { page, crm, deadLetters, hear } = await withDead(1);
    const [letter] = await deadLetters.list();
    const button = page.getByRole('button', { name: `Redeliver ${letter!.id}` });
    await button.waitFor();
    await page.getByRole('button', { name: 'Pause updates' }).click();
    await deadLetters.redeliver(letter!.id);
    await hear('delivered', 3);
    await button.click();
    await page.getByText(`${letter!.id} is no longer a dead letter; nothing was changed.`).waitFor();
    await page.getByRole('button', { name: 'Resume updates' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(idsOf(crm.received).filter((id) => id === letter!.id)).toHaveLength(2);
  });

  it('asks before it redelivers all or discards one', async () => {
    const { page, stats, deadLetters, hear, complaints } = await withDead(3);
    const [newest] = await deadLetters.list();
    const discard = page.getByRole('button', { name: `Discard ${newest!.id}` });
    await discard.press('Enter');
    await page.getByRole('dialog').getByText(`${newest!.id} will be removed for good`).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe(`Discard ${newest!.id}`);
    expect((await stats()).dead).toBe(3);
    await discard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).press('Enter');
    await page.getByText(`${newest!.id} was discarded.`).waitFor();
    expect((await stats()).dead).toBe(2);

    // The page shows it after its next poll.
    await page.getByText('There are 2 dead letters').first().waitFor();
    await page.getByRole('button', { name: 'Redeliver all …' }).click();
    await page.getByRole('heading', { name: 'Redeliver 2 dead letters?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Redeliver' }).click();
    await hear('delivered', 4);
    await page.getByText('2 redelivered: 2 delivered, 0 died again.').waitFor();
    await page.getByText('No dead letters.').waitFor();
    await page.getByText('All is well').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows markup as text, wherever it comes from (case 55)', async () => {
    const markup = `"><img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>'`;
    const outbox = await openOutboxIn(directory());
    outbox.append(sampleNotifications(1, { id: `id${markup}`, type: `type${markup}`, lane: `lane${markup}` }));
    const reason = { kind: `kind${markup}`, status: 422, detail: `detail${markup}` } as never;
    const [{ position } = { position: 0 }] = outbox.readAfter('crm', 0, 1);
    settleIn(outbox, [{ kind: 'dead', position, attempts: 1, diedAt: Date.now(), reason }]);
    outbox.close();
    const crm = await startCrm();
    const { page, complaints, stats } = await openDashboard(
      { baseUrl: crm.url, outbox: directory() },
      {},
      ({ ready }) => ready(),
    );
    await letter(page, `id${markup}`).waitFor();
    for (const part of ['type', 'lane', 'detail']) {
      await page.locator('#dead-list').getByText(`${part}${markup}`, { exact: true }).waitFor();
    }
    expect(await page.locator('main img, main script').count()).toBe(0);
    // Its id cannot be sent, so it dies again; the list of attempts shows it as text too.
    await page.getByRole('button', { name: `Redeliver id${markup}` }).click();
    await page.locator('#attempts-rows').getByText('type').waitFor();
    await page.getByRole('button', { name: `Discard id${markup}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('was discarded.').waitFor();
    expect((await stats()).dead).toBe(0);
    expect(await page.title()).toMatch(/CRM notifier$/);
    expect(complaints).toEqual([]);
  });

  it('is accessible and does not scroll sideways at a width of 320, with long reasons in JSON and HTML', async () => {
    const reasons = [
      `{"status":"error","message":"${'no such user '.repeat(40)}","category":"VALIDATION_ERROR"}`,
      '<!DOCTYPE html><html><head><style>p{}</style></head><body><h1>Bad Gateway</h1><p>nginx</p></body></html>',
    ];
    const crm = await startCrm(inTurn(...reasons.map((reason) => reply(422, reason))));
    const { page, accept, hear, complaints } = await openDashboard({ baseUrl: crm.url }, { width: 320 });
    await accept('a');
    await hear('dead');
    await accept('b');
    await hear('dead', 2);
    const html = letters(page).getByText('Bad Gateway nginx');
    await html.waitFor();
    await html.click();
    await letters(page).getByText('<!DOCTYPE html>').waitFor();
    await letters(page)
      .getByText(/^no such user .* …$/)
      .waitFor();
    expect(await scrollsTooFar(page)).toBe(false);
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('has a view of each notification, with what happened to it, in the address, which Back and a reload keep', async () => {
    const crm = await startCrm(inTurn(reply(503), reply(422, '{"message":"user is unknown"}'), accept));
    const retry = { firstDelayMs: 1, maxDelayMs: 1 };
    const { page, accept: take, hear, url, complaints } = await openDashboard({ baseUrl: crm.url, retry });
    const [id = ''] = await take('booking:1');
    await hear('dead');
    await letter(page, id).getByRole('link').click();
    const view = page.locator('#notification');
    await view.getByText('attempt 1 failed with 503').waitFor();
    await view.getByText('dead after 2 attempts: 422 rejected').waitFor();
    expect(new URL(page.url()).searchParams.get('id')).toBe(id);
    expect(await page.locator('#dead-letters').isVisible()).toBe(false);
    await view.getByText('Request', { exact: true }).click();
    const body = view.getByRole('region', { name: 'Body' });
    await body.getByText('"message": "•••"').waitFor();
    for (const width of [320, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
      expect(await scrollsTooFar(page)).toBe(false);
    }
    await view.getByRole('button', { name: 'Show values' }).click();
    await body.getByText('"message": "moved"').waitFor();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await view.getByRole('button', { name: 'Copy as curl' }).click();
    await view.getByText('Copied.').waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command).toContain(`curl -X POST '${crm.url}/notify'`);
    expect(command).toContain('-H "authorization: Bearer $CRM_AUTH_TOKEN"');
    expect(command).toMatch(/--data-raw '\{.*"message":"moved"/);

    await page.goBack();
    await letter(page, id).waitFor();
    expect(await view.isVisible()).toBe(false);
    await page.goForward();
    await page.reload();
    await view.getByText('dead after 2 attempts').waitFor();
    await view.getByRole('button', { name: 'Redeliver' }).click();
    await view.getByText('redelivered', { exact: true }).waitFor();
    await view.getByText('delivered at attempt 1 with 200').waitFor();
    await page.locator('#notification-outcome:empty').waitFor({ state: 'attached' });
    await view.getByRole('link', { name: 'Back to the overview' }).click();
    await page.getByText('No dead letters.').waitFor();
    await page.getByRole('link', { name: 'Delivered' }).click();
    await page.locator('#delivered-list').getByRole('link', { name: id }).waitFor();
    await page.getByText('1–1 of 1').waitFor();
    await expectAccessible(page);
    await page.goto(`${url}/crm/?id=unknown`);
    await view.getByText(/^Nothing is known of it/).waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps the values that somebody has asked for while a notification is tried again, until they hide them', async () => {
    const crm = await startCrm(reply(503));
    const options = {
      baseUrl: crm.url,
      retry: { firstDelayMs: 500, maxDelayMs: 500 },
      breaker: { failureThreshold: 99 },
    };
    const { page, accept: take, url, complaints } = await openDashboard(options);
    const [id = ''] = await take('booking:1');
    await page.goto(`${url}/crm/?id=${id}`);
    const view = page.locator('#notification');
    await view.getByText('Request', { exact: true }).click();
    const body = view.getByRole('region', { name: 'Body' });
    const command = view.getByRole('region', { name: 'Request as a command of curl' });
    await body.getByText('"message": "•••"').waitFor();
    await view.getByRole('button', { name: 'Show values' }).press('Enter');
    await body.getByText('"message": "moved"').waitFor();
    const failures = await view.getByText(/^attempt \d+ failed/).count();
    await view.getByText(`attempt ${String(failures + 2)} failed with 503`).waitFor();
    expect(await body.textContent()).toContain('"message": "moved"');
    expect(await command.textContent()).toContain('"message":"moved"');
    expect(await focused(page)).toBe('Hide values this notification');
    await page.keyboard.press('Enter');
    await body.getByText('"message": "•••"').waitFor();
    expect(await command.textContent()).not.toContain('moved');
    expect(complaints).toEqual([]);
  });

  it('says so to those who may not change anything', async () => {
    const crm = await startCrm(reply(422, 'no'));
    const {
      page,
      accept: take,
      hear,
      url,
      stats,
    } = await openDashboard({ baseUrl: crm.url }, {}, undefined, () => false);
    const [id = ''] = await take('booking:1');
    await hear('dead');
    await page.getByRole('button', { name: `Redeliver ${id}` }).click();
    await page.locator('#list-outcome').getByText('You may not change anything here.').waitFor();
    await page.getByRole('button', { name: 'Pause delivery …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await page.locator('#pause-outcome').getByText('You may not change anything here.').waitFor();
    await page.goto(`${url}/crm/?id=${id}`);
    await page.locator('#notification').getByRole('button', { name: 'Redeliver' }).click();
    await page.locator('#notification-outcome').getByText('You may not change anything here.').waitFor();
    expect((await stats()).dead).toBe(1);
  });

  it('asks before it changes a group, with what they are', async () => {
    const { page, hear } = await withDead(3);
    await page.getByRole('button', { name: /^Redeliver all 3 of user_moved, 422 at crm$/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^Those with target: crm, type: user_moved, reason: rejected, status: 422\. /).waitFor();
    await dialog.getByRole('button', { name: 'Redeliver' }).click();
    await hear('delivered', 5);
    await page.locator('#groups-outcome').getByText('3 redelivered: 3 delivered, 0 died again.').waitFor();
    await page.getByText('0 notifications in 0 groups').waitFor();
    expect(await page.locator('#list-outcome').textContent()).toBe('');
  });

  it('says when it is not connected, keeps the numbers, and recovers', async () => {
    const { page, stats } = await withDead(1);
    await letters(page).waitFor();
    await page.route('**/api/overview?*', (route) => route.abort());
    await page.getByText(/^Not connected since /).waitFor();
    expect(await page.title()).toBe('○ not connected – CRM notifier');
    // It does not say that all is well, or what else was so before.
    expect(await page.locator('#health').textContent()).toMatch(
      /^\s*Health\s+\? Unknown How it goes now is not known\./,
    );
    expect(await page.locator('#connection').textContent()).toMatch(/Showing data from \d/);
    await expectFigures(page, await stats());
    await expectAccessible(page);
    await page.unroute('**/api/overview?*');
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.title()).toBe('● 1 dead – CRM notifier');
  });
});

function letters(page: Page): Locator {
  return page.locator('#dead-list > li');
}

/** axe-core must find nothing serious or critical. */
async function expectAccessible(page: Page): Promise<void> {
  // All rows are alike, and axe-core is slow.
  const violations = await axeViolations(page, 'tbody tr:nth-child(n+4)', '#dead-list > li:nth-child(n+4)');
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(grave.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])])).toEqual(
    [],
  );
}

async function expectFigures(page: Page, stats: Stats): Promise<void> {
  for (const name of ['accepted', 'delivered', 'retried', 'rejected', 'unsaved', 'pending', 'dead'] as const) {
    expect([name, await figure(page, name)]).toEqual([name, stats[name]]);
  }
  expect([await figure(page, 'in-flight'), await figure(page, 'observer-failures')]).toEqual([
    stats.inFlight,
    stats.observerFailures,
  ]);
}

async function figure(page: Page, name: string): Promise<number> {
  return Number((await page.locator(`#figure-${name}`).textContent())!.replaceAll(',', ''));
}

function letter(page: Page, id: string): Locator {
  return page.locator('.letter-id', { hasText: id });
}

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

/** Whether the page can be scrolled sideways, or down beyond what is on it. */
function scrollsTooFar(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight, offsetHeight } = document.documentElement;
    return scrollWidth > clientWidth || scrollHeight > Math.max(clientHeight, offsetHeight);
  });
}
