import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPostgresTables, type PostgresTables } from '../helpers/postgres-tables.js';
import { preparedNotifications, prepareOutbox } from '../helpers/prepared-outbox.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { objectsIn, useCli, type CliProgram } from './cli-program.js';
import { runInProcess } from './in-process.js';

jest.setTimeout(30_000);

/** A line every few seconds, so none on an idle machine. */
const nothingButProgress: unknown = expect.stringMatching(/^(\d+ delivered, \d+ died, \d+ pending\n)*$/);

describe('crm-notifier deliver, from a file', () => {
  const startCli = useCli();
  const start = useCrm();
  const directory = useTempDirectory();
  const outbox = (): string => join(directory(), 'outbox');
  const deliver = (baseUrl: string, ...args: string[]): CliProgram =>
    startCli(['deliver', '--json', ...args], {
      // The prepared notifications have a fixed date; a long maximum age keeps them from expiring.
      env: { CRM_BASE_URL: baseUrl, CRM_OUTBOX: outbox(), CRM_RETRY_MAX_AGE_MS: String(Number.MAX_SAFE_INTEGER) },
    });

  it('delivers everything once and reports the counts', async () => {
    const { notifications } = await prepareOutbox(outbox(), { count: 120, deadCount: 1 });
    const crm = await start();
    const end = await deliver(crm.url).ended;
    expect(end).toMatchObject({ code: 0, stderr: nothingButProgress });
    expect(objectsIn(end)).toEqual([{ delivered: 120, died: 0, pending: 0, dead: 1, end: 'idle' }]);
    expect(crm.received.map(({ headers }) => headers['idempotency-key']).sort()).toEqual(
      notifications.slice(1).map(({ id }) => id),
    );
  });

  it('fails if a notification dies', async () => {
    await prepareOutbox(outbox(), { count: 2, deadCount: 0 });
    const crm = await start(reply(422));
    const end = await deliver(crm.url).ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toEqual([{ delivered: 0, died: 2, pending: 0, dead: 2, end: 'idle' }]);
    const stats = await runInProcess(['outbox', 'stats', '--outbox', outbox()]);
    expect(stats.stdout).toMatch(/DEAD {2}TARGET {2}TYPE, IN THE PAST DAY\n0 {9}0 {10}0 {8}2 {5}crm {5}\w+\n$/);
  });

  it('fails if a notification is still waiting for its next attempt', async () => {
    await prepareOutbox(outbox(), { count: 1, deadCount: 0 });
    const crm = await start(reply(429, '', { 'retry-after': '600' }));
    const end = await deliver(crm.url).ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, died: 0, pending: 1, end: 'idle' }]);
    expect(end.stderr).toContain('waiting for their next attempt');
  });

  it('sends nothing that is paused by hand, and says so', async () => {
    await prepareOutbox(outbox(), { count: 2, deadCount: 0 });
    const crm = await start();
    await runInProcess(['outbox', 'pause', '--outbox', outbox()]);
    const end = await deliver(crm.url).ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, died: 0, pending: 2, end: 'idle' }]);
    expect(end.stderr).toContain('Delivery to crm is paused by hand; see crm-notifier outbox resume.');
    expect(crm.received).toEqual([]);
  });

  it('gives up on an unreachable CRM and loses nothing', async () => {
    await prepareOutbox(outbox(), { count: 3, deadCount: 0 });
    const crm = await start();
    await crm.close();
    const end = await deliver(crm.url, '--patience-ms', '500').ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, pending: 3, end: 'stuck' }]);
    expect(end.stderr).toContain('crm-notifier check');
  });

  it('refuses a directory without an outbox and creates none', async () => {
    const end = await deliver('http://127.0.0.1:1').ended;
    expect(end.code).toBe(1);
    expect(end.stderr).toContain(`there is no outbox in ${outbox()}`);
    expect(readdirSync(directory())).toEqual([]);
  });

  it('--watch delivers what others accept meanwhile, until SIGTERM', async () => {
    await prepareOutbox(outbox(), { count: 1, deadCount: 0 });
    const crm = await start();
    const cli = deliver(crm.url, '--watch');
    await crm.waitFor(1);
    const other = await openOutboxIn(outbox());
    const later = sampleNotification();
    other.append([later]);
    await crm.waitFor(2);
    other.close();
    expect(idsOf(crm.received).at(-1)).toBe(later.id);
    cli.kill('SIGTERM');
    const end = await cli.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(objectsIn(end)).toMatchObject([{ delivered: 2, pending: 0, end: 'stopped' }]);
  });

  it('leaves nothing half done when interrupted (case 63)', async () => {
    await prepareOutbox(outbox(), { count: 3, deadCount: 0 });
    const crm = await start(() => undefined);
    const cli = deliver(crm.url);
    await crm.waitFor(1);
    cli.kill('SIGINT');
    const end = await cli.ended;
    expect(end).toMatchObject({ code: 130, signal: null });
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, pending: 3, end: 'stopped' }]);
    crm.answerWith((_received, res) => res.end('{}'));
    expect(objectsIn(await deliver(crm.url).ended)).toMatchObject([{ delivered: 3, pending: 0 }]);
  });

  it('shows a bar on a terminal if much is pending, without colours (case 62)', async () => {
    await prepareOutbox(outbox(), { count: 200, deadCount: 0 });
    // Slow enough that the bar has something left to show.
    const crm = await start((_received, res) => setTimeout(() => res.end('{}'), 20));
    // The worker thread needs the compiled file, which this process does not use.
    const env = { CRM_BASE_URL: crm.url, CRM_OUTBOX: outbox(), CRM_THREAD: 'false', NO_COLOR: '1' };
    const end = await runInProcess(['deliver'], { isTerminal: true, columns: 60, env });
    expect(end).toMatchObject({ code: 0, stdout: '200 delivered, 0 died, 0 pending, 0 dead in total.\n' });
    expect(end.stderr).toMatch(/\[[= ]{40}\] \d+% {2}\d+ of 200/);
    // Each drawing begins at the start of the line and is shorter than the terminal is wide.
    const drawings = end.stderr.split('\u001b[1G').slice(1);
    expect(drawings.length).toBeGreaterThan(1);
    expect(Math.max(...drawings.map((drawing) => drawing.indexOf('\u001b[0K')))).toBe(59);
    // eslint-disable-next-line no-control-regex -- what must not be there.
    expect(end.stderr).not.toMatch(/\u001b\[[\d;]*m/);
  });
});

describeOnPostgres('crm-notifier deliver, from PostgreSQL', () => {
  const createDatabase = usePostgres();
  const startCli = useCli();
  const start = useCrm();
  const opened: PostgresTables[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((tables) => tables.close()));
  });
  /** Fills an outbox, of which the first ones are dead. */
  const prepare = async (count: number, deadCount = 0): Promise<PostgresTables & { url: string; ids: string[] }> => {
    const url = await createDatabase();
    const tables = await openPostgresTables(url);
    opened.push(tables);
    const ids = preparedNotifications(deadCount + count);
    await tables.append(ids);
    await tables.die(ids.slice(0, deadCount).map(({ id }) => id));
    return { ...tables, url, ids: ids.slice(deadCount).map(({ id }) => id) };
  };
  const deliver = (outbox: string, baseUrl: string, ...args: string[]): CliProgram =>
    startCli(['deliver', '--json', ...args, '--outbox', outbox], { env: { CRM_BASE_URL: baseUrl } });

  it('delivers everything once and reports the counts', async () => {
    const { url, ids } = await prepare(120, 1);
    const crm = await start();
    const end = await deliver(url, crm.url).ended;
    expect(end).toMatchObject({ code: 0, stderr: nothingButProgress });
    expect(objectsIn(end)).toEqual([{ delivered: 120, died: 0, pending: 0, dead: 1, end: 'idle' }]);
    expect(crm.received.map(({ headers }) => headers['idempotency-key']).sort()).toEqual(ids.sort());
  });

  it('fails if a notification dies or waits for its next attempt', async () => {
    const { url } = await prepare(2);
    const crm = await start((received, res) => {
      if (crm.received[0] === received) reply(422)(received, res);
      else reply(429, '', { 'retry-after': '600' })(received, res);
    });
    const end = await deliver(url, crm.url).ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toEqual([{ delivered: 0, died: 1, pending: 1, dead: 1, end: 'idle' }]);
    expect(end.stderr).toContain('waiting for their next attempt');
  });

  it('gives up on an unreachable CRM and loses nothing', async () => {
    const { url } = await prepare(3);
    const crm = await start();
    await crm.close();
    const end = await deliver(url, crm.url, '--patience-ms', '500').ended;
    expect(end.code).toBe(1);
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, pending: 3, end: 'stuck' }]);
  });

  it('--watch delivers what others write meanwhile, until SIGTERM', async () => {
    const { url, append } = await prepare(1);
    const crm = await start();
    const cli = deliver(url, crm.url, '--watch');
    await crm.waitFor(1);
    const later = sampleNotification();
    await append([later]);
    await crm.waitFor(2);
    expect(idsOf(crm.received).at(-1)).toBe(later.id);
    cli.kill('SIGTERM');
    const end = await cli.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(objectsIn(end)).toMatchObject([{ delivered: 2, pending: 0, end: 'stopped' }]);
  });

  it('reports that another process delivers, waits, and takes over when that is killed', async () => {
    const { url } = await prepare(2);
    const crm = await start(() => undefined);
    const other = deliver(url, crm.url, '--watch');
    await crm.waitFor(1);
    const program = deliver(url, crm.url);
    await program.printed('Another process, such as a running app, delivers this outbox');
    const stats = await runInProcess(['outbox', 'stats', '--json', '--outbox', url]);
    const [shown] = objectsIn({ ...stats, signal: null }) as [{ processes: { pid: number; isLeader: boolean }[] }];
    expect(shown.processes.map(({ pid, isLeader }) => [pid, isLeader])).toEqual([
      [other.pid, true],
      [program.pid, false],
    ]);
    crm.answerWith(accept);
    other.kill('SIGKILL');
    const end = await program.ended;
    expect(end.code).toBe(0);
    expect(end.stderr).toContain('The other process has ended; delivering.');
    expect(objectsIn(end)).toMatchObject([{ delivered: 2, pending: 0, end: 'idle' }]);
  });
});
