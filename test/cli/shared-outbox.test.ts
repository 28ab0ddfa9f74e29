import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { accept } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { useBuiltPrograms, type BuiltProgram } from '../post-office/built-program.js';
import { objectsIn, useCli, type CliEnd } from './cli-program.js';

jest.setTimeout(60_000);

describe('crm-notifier beside an app on the same outbox', () => {
  const runApp = useBuiltPrograms();
  const startCli = useCli();
  const start = useCrm();
  const directory = useTempDirectory();
  const outbox = (): string => join(directory(), 'outbox');

  const startApp = async (baseUrl: string): Promise<BuiltProgram> => {
    const app = runApp({ file: 'sharing-app.mjs', args: [baseUrl, outbox()], takesOrders: true });
    await app.said('ready');
    return app;
  };
  const cli = (...args: string[]): Promise<CliEnd> =>
    startCli(['outbox', ...args, '--json', '--outbox', outbox()], { input: '' }).ended;
  const keysOf = (received: readonly { readonly headers: IncomingHttpHeaders }[]) =>
    received.map(({ headers }) => headers['idempotency-key']);

  it('case 63: is safe under load: nothing is lost and nothing is sent twice', async () => {
    const { notifications } = await prepareOutbox(outbox(), { count: 0, deadCount: 20 });
    const crm = await start();
    const app = await startApp(crm.url);
    app.tell({ load: 'lane:1' });
    await app.said('accepted', 50);
    const looks = ['stats', 'list', 'export'].map((command) => cli(command));
    const redelivered = notifications.slice(0, 5).map(({ id }) => id);
    const ends = await Promise.all([...looks, cli('redeliver', ...redelivered)]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    ends.forEach(objectsIn);
    const rest = await cli('redeliver', '--all', '--yes');
    expect(objectsIn(rest)).toEqual([{ redelivered: 15, missing: [] }]);
    const dead = notifications.map(({ id }) => id);
    while (!dead.every((id) => keysOf(crm.received).includes(id))) await crm.waitFor(crm.received.length + 1);
    app.kill('SIGTERM');
    expect(await app.ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(app.lines.filter((line) => /^(rejected|error)/.test(line))).toEqual([]);
    const left = await openOutboxIn(outbox());
    const kept = new Set([...keysOf(crm.received), ...left.readAfter('crm', 0, 10_000).map(({ id }) => id)]);
    expect(left.counts()).toMatchObject({ dead: 0 });
    left.close();
    const accepted = app.lines.filter((line) => line.startsWith('accepted')).map((line) => line.split(' ')[1]);
    expect([...accepted, ...dead].filter((id) => !kept.has(id))).toEqual([]);
    expect(new Set(keysOf(crm.received)).size).toBe(crm.received.length);
  });

  it('case 59: sends a dead letter once, though it is redelivered again while in flight and after its delivery', async () => {
    const { notifications } = await prepareOutbox(outbox(), { count: 0, deadCount: 1 });
    const id = notifications[0]!.id;
    const responses: (() => void)[] = [];
    const crm = await start((received, res) => responses.push(() => accept(received, res)));
    const app = await startApp(crm.url);
    expect((await cli('redeliver', id)).code).toBe(0);
    await crm.waitFor(1);
    const again = await cli('redeliver', id);
    expect(again.code).toBe(1);
    expect(objectsIn(again)).toEqual([{ redelivered: 0, missing: [id] }]);
    expect(objectsIn(await cli('redeliver', '--all', '--yes'))).toMatchObject([{ redelivered: 0 }]);
    responses.forEach((respond) => respond());
    app.kill('SIGTERM');
    const [report] = await app.said('closed');
    expect(JSON.parse(report!)).toMatchObject({ pending: 0, dead: 0 });
    await app.ended;
    expect((await cli('redeliver', id)).code).toBe(1);
    const delivered = startCli(['deliver', '--outbox', outbox(), '--base-url', crm.url], { input: '' });
    expect((await delivered.ended).code).toBe(0);
    expect(keysOf(crm.received)).toEqual([id]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'case 63: %s in the middle of redeliver --all leaves each of its transactions done or not done',
    async (signal) => {
      await prepareOutbox(outbox(), { count: 0, deadCount: 3_000 });
      const app = await startApp('http://127.0.0.1:1');
      const startedAtMs = performance.now();
      await cli('stats');
      const usualMs = performance.now() - startedAtMs;
      // Near the end of the command's time, which is when it does the work.
      for (const part of [0.7, 0.85, 0.95, 1.05]) {
        const program = startCli(['outbox', 'redeliver', '--all', '--yes', '--outbox', outbox()], { input: '' });
        const timer = setTimeout(() => {
          program.kill(signal);
        }, part * usualMs);
        const end = await program.ended;
        clearTimeout(timer);
        expect([0, 130, null]).toContain(end.code);
        const [counts] = objectsIn(await cli('stats'));
        // A transaction takes 500, so that no app waits long to commit.
        expect(Number(counts?.['dead']) % 500).toBe(0);
        expect(Number(counts?.['pending']) + Number(counts?.['dead'])).toBe(3_000);
      }
      app.kill('SIGKILL');
      await app.ended;
    },
  );

  it('case 63: deliver reports that the app delivers, waits, and takes over when the app is killed', async () => {
    await prepareOutbox(outbox(), { count: 2, deadCount: 0 });
    const crm = await start(() => undefined);
    const app = await startApp(crm.url);
    await crm.waitFor(1);
    const program = startCli(['deliver', '--json', '--outbox', outbox(), '--base-url', crm.url]);
    await program.printed('Another process, such as a running app, delivers this outbox');
    crm.answerWith(accept);
    app.kill('SIGKILL');
    await app.ended;
    const end = await program.ended;
    expect(end.code).toBe(0);
    expect(end.stderr).toContain('The other process has ended; delivering.');
    expect(objectsIn(end)).toMatchObject([{ delivered: 2, pending: 0, end: 'idle' }]);
  });

  it('case 63: deliver waits for what the app delivers', async () => {
    await prepareOutbox(outbox(), { count: 1, deadCount: 0 });
    const responses: (() => void)[] = [];
    const crm = await start((received, res) => responses.push(() => accept(received, res)));
    const app = await startApp(crm.url);
    await crm.waitFor(1);
    const program = startCli(['deliver', '--json', '--outbox', outbox(), '--base-url', crm.url]);
    await program.printed('Another process, such as a running app, delivers this outbox');
    responses.forEach((respond) => respond());
    const end = await program.ended;
    expect(end.code).toBe(0);
    expect(objectsIn(end)).toMatchObject([{ delivered: 0, pending: 0, end: 'idle' }]);
    expect(idsOf(crm.received)).toHaveLength(1);
    app.kill('SIGTERM');
    await app.ended;
  });
});
