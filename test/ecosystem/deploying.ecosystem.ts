/** What docs/deploying.md shows, as it stands there: packed, installed from the registry, and run. */
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { blockUnder } from '../docs/code-blocks.js';
import { readPage } from '../docs/source-text.js';
import { reply } from '../helpers/scripted-crm.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { run } from '../package/pack-into.js';
import {
  book,
  environment,
  eventually,
  freePort,
  killLeftovers,
  openWorkshop,
  startApp,
  type Workshop,
} from './deployed-app.js';
import { build } from './dockerfile.js';

jest.setTimeout(300_000);

const page = readPage('deploying.md');
const program = blockUnder(page, 'The program', 'ts');
const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
const inNamespaces = isRoot && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0 ? it : it.skip;
const created = (count: number): readonly number[] => Array.from({ length: count }, () => 201);
const appUser = 54_321;
const childrenOf = (pid: number | undefined): readonly number[] =>
  execFileSync('pgrep', ['-P', String(pid)])
    .toString()
    .trim()
    .split('\n')
    .map(Number);

/** A function's platform, as far as the example needs it: each message is a call. */
const functionFrame = `
import { createNotifier } from 'express-crm-notifier';
const crm = createNotifier({ logLevel: 'silent' });
const handleRequest = async ({ call }) => {
  const { accepted } = await crm.notify({ notificationType: 'called', userId: call, message: 'called' });
  return { accepted };
};
process.on('message', async (event) => process.send(await handler(event)));
`;

describe('F12: docs/deploying.md', () => {
  const startCrm = useCrm();
  let workshop: Workshop;
  let project: string;
  let outboxCount = 0;
  const newOutbox = (): string => join(workshop.directory, `outbox-${String((outboxCount += 1))}`);

  beforeAll(async () => {
    workshop = await openWorkshop();
    const files = { 'app.mjs': program, 'cluster.mjs': blockUnder(page, "Node's cluster", 'js') };
    project = await workshop.install('app', files, ['pm2']);
  });
  afterEach(killLeftovers);
  afterAll(() => {
    workshop.remove();
  });

  it('has a program that stops in time while the CRM hangs, and delivers at the next start', async () => {
    const hanging = await startCrm(() => undefined);
    const outbox = newOutbox();
    const options = { cwd: project, port: await freePort() };
    const first = await startApp(['node', 'app.mjs'], {
      ...options,
      env: { CRM_BASE_URL: hanging.url, CRM_OUTBOX: outbox },
    });
    expect(await book(first.url, 3)).toEqual(created(3));
    expect((await fetch(`${first.url}/livez`)).status).toBe(200);
    const { code, tookMs } = await first.stop('SIGTERM');
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(12_000);

    const crm = await startCrm();
    const second = await startApp(['node', 'app.mjs'], {
      ...options,
      env: { CRM_BASE_URL: crm.url, CRM_OUTBOX: outbox },
    });
    await crm.waitFor(3);
    expect((await second.stop('SIGINT')).code).toBe(0);
    expect(new Set(idsOf(crm.received)).size).toBe(3);
  });

  it('has a cluster whose workers share an outbox, also when one is killed', async () => {
    const crm = await startCrm();
    const env = { CRM_BASE_URL: crm.url, CRM_OUTBOX: newOutbox() };
    const app = await startApp(['node', 'cluster.mjs'], { cwd: project, port: await freePort(), env });
    expect(await book(app.url, 20)).toEqual(created(20));
    const before = childrenOf(app.process.pid);
    const [killed = 0] = before;
    process.kill(killed, 'SIGKILL');
    // Until it has noticed, the primary hands connections to the dead worker, and these hang.
    await eventually(() => {
      const now = childrenOf(app.process.pid);
      return now.length === before.length && !now.includes(killed);
    });
    expect(await book(app.url, 20)).toEqual(created(20));
    expect((await app.stop('SIGTERM')).code).toBe(0);
    expect(new Set(idsOf(crm.received)).size).toBe(40);
  });

  it('has an ecosystem file with which PM2 reloads without a gap, and kills nothing', async () => {
    const crm = await startCrm();
    const text = blockUnder(page, 'PM2', 'js').replace('/var/lib/booking-app/outbox', newOutbox());
    const home = join(workshop.directory, 'pm2');
    const port = await freePort();
    const env = environment({ PM2_HOME: home, PORT: port, CRM_BASE_URL: crm.url });
    const pm2 = (...args: string[]) =>
      run(process.execPath, ['node_modules/pm2/bin/pm2', ...args], { cwd: project, env, timeout: 120_000 });
    writeFileSync(join(project, 'ecosystem.config.cjs'), text);
    try {
      await pm2('start', 'ecosystem.config.cjs');
      const url = `http://127.0.0.1:${port}`;
      const reload = { isOver: false };
      const reloading = pm2('reload', 'ecosystem.config.cjs').finally(() => (reload.isOver = true));
      const statuses: number[] = [];
      while (!reload.isOver || statuses.length < 50) statuses.push(...(await book(url, 1)));
      await reloading;
      expect(new Set(statuses)).toEqual(new Set([201]));
      await pm2('stop', 'booking-app');
      expect(new Set(idsOf(crm.received)).size).toBe(statuses.length);
      const log = readFileSync(join(home, 'pm2.log'), 'utf8');
      expect(log).toMatch(/exited with code \[0\]/);
      expect(log).not.toContain('SIGKILL');
    } finally {
      await pm2('kill');
    }
  });

  it('has a function that has told the CRM before the platform freezes it', async () => {
    const crm = await startCrm();
    const { outputText } = transpileModule(blockUnder(page, 'Without a lasting disk', 'ts'), {
      compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ESNext },
    });
    writeFileSync(join(project, 'function.mjs'), `${functionFrame}\n${outputText}`);
    const env = environment({ CRM_BASE_URL: crm.url, CRM_OUTBOX: ':memory:' });
    const instance = fork('function.mjs', { cwd: project, env, stdio: 'ignore', execArgv: [] });
    try {
      for (let call = 1; call <= 3; call += 1) {
        instance.kill('SIGCONT');
        const responded = once(instance, 'message');
        instance.send({ call });
        expect(await responded).toEqual([{ accepted: true }, undefined]);
        instance.kill('SIGSTOP');
        expect(crm.received).toHaveLength(call);
      }
    } finally {
      instance.kill('SIGKILL');
    }
  });

  asRoot('has a Dockerfile whose instructions work for a user who is not root (needs root)', async () => {
    const crm = await startCrm();
    const port = await freePort();
    const dockerfile = blockUnder(page, 'Docker', 'dockerfile').replace('127.0.0.1:3000', `127.0.0.1:${port}`);
    const root = join(workshop.directory, 'image');
    mkdirSync(root);
    const image = build(dockerfile, { context: project, root, nodeUser: appUser, env: environment({}) });
    expect(image).toMatchObject({ uid: appUser, stopSignal: 'SIGTERM', volumes: [join(root, 'data')] });
    expect(image.env).toMatchObject({ NODE_ENV: 'production', CRM_OUTBOX: join(root, 'data/outbox') });

    const env = { ...image.env, CRM_BASE_URL: crm.url };
    const isHealthy = (): boolean => {
      const { status } = spawnSync('sh', ['-c', image.healthCheck], { env: environment(env), uid: appUser });
      return status === 0;
    };
    expect(isHealthy()).toBe(false);
    const app = await startApp(image.command, { cwd: image.cwd, port, env, uid: appUser });
    expect(isHealthy()).toBe(true);
    expect(await book(app.url, 3)).toEqual(created(3));
    expect((await app.stop(image.stopSignal)).code).toBe(0);
    expect(crm.received).toHaveLength(3);
    expect(statSync(join(root, 'data/outbox/outbox.db'))).toMatchObject({ uid: appUser, mode: 0o100600 });
    expect(app.output()).not.toMatch(/"level":[45]0/);
  });

  inNamespaces('has a program that stops as the first process of a container, too (needs namespaces)', async () => {
    const crm = await startCrm();
    const env = { CRM_BASE_URL: crm.url, CRM_OUTBOX: newOutbox() };
    const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const app = await startApp([...unshare, 'node', 'app.mjs'], { cwd: project, port: await freePort(), env });
    const ended = new Promise((resolve) => app.process.once('exit', resolve));
    process.kill(childrenOf(app.process.pid)[0] ?? 0, 'SIGTERM');
    expect(await ended).toBe(0);
  });

  inNamespaces('needs nothing that can be written to but the volume (needs namespaces)', async () => {
    const crm = await startCrm(reply(503));
    const volume = join(workshop.directory, 'volume');
    mkdirSync(volume);
    chmodSync(volume, 0o777);
    const script =
      `mount --make-rprivate / && mount --bind ${volume} /mnt && mount -o remount,bind,ro / && ! touch /tmp/x 2>/dev/null && ` +
      `exec setpriv --reuid=${String(appUser)} --regid=${String(appUser)} --clear-groups node app.mjs`;
    const env = { CRM_BASE_URL: crm.url, CRM_OUTBOX: '/mnt/outbox', HOME: '/nonexistent' };
    const options = { cwd: project, port: await freePort(), env };
    const command = ['unshare', '--mount', 'sh', '-c', script];
    const killed = await startApp(command, options);
    expect(await book(killed.url, 3)).toEqual(created(3));
    await killed.stop('SIGKILL');
    crm.answerWith(reply(200, '{}'));
    const app = await startApp(command, options);
    await eventually(async () => new Set(idsOf(crm.received)).size === 3 && (await fetch(`${app.url}/readyz`)).ok);
    expect((await app.stop('SIGTERM')).code).toBe(0);
  });
});
