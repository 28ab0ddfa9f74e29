import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareEnvironment } from '../helpers/bare-environment.js';
import { installInto, root } from './installed-package.js';
import { packInto, run } from './pack-into.js';
import { type RunningProgram, startProgram } from './running-program.js';

const page = readFileSync(join(root, 'docs/getting-started.md'), 'utf8');
const workshop = mkdtempSync(join(tmpdir(), 'getting-started-'));
const project = join(workshop, 'booking-app');
const bin = join(project, 'node_modules/express-crm-notifier/dist/cjs/cli/main.js');
const running = new Set<RunningProgram>();

jest.setTimeout(120_000);

beforeAll(async () => {
  await installInto(project, await packInto(workshop, root), 5);
});

afterEach(async () => {
  for (const program of running) await program.end('SIGKILL');
  running.clear();
});

afterAll(() => {
  rmSync(workshop, { recursive: true, force: true });
});

/** The versions of a file on the page, each a block that begins with its name. */
function versionsOf(name: string): readonly string[] {
  const blocks = [...page.matchAll(/^```js\n(?<code>[^]*?)^```$/gm)].map((match) => match.groups?.['code'] ?? '');
  return blocks.filter((code) => code.startsWith(`// ${name}\n`));
}

/** Saves a version of the app that listens on a free port. */
function saveApp(code: string): void {
  const onFreePort = code
    .replace('listen(3000', 'listen(0')
    .replace("http://localhost:3000'", "http://localhost:' + server.address().port");
  expect(onFreePort).not.toContain('3000');
  writeFileSync(join(project, 'app.mjs'), onFreePort);
}

async function start(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<StartedProgram> {
  const program = startProgram(project, args, environment);
  running.add(program);
  const [, url = ''] = await program.printed(/(?:The app is|CRM listening) at (http:\/\/\S+\d)/);
  return { program, url };
}

interface StartedProgram {
  readonly program: RunningProgram;
  readonly url: string;
}

async function book({ url }: StartedProgram): Promise<void> {
  expect((await fetch(`${url}/bookings`, { method: 'POST' })).status).toBe(201);
}

describe('docs/getting-started.md', () => {
  it('brings each booking to the CRM, with the CRM down and with the app killed', async () => {
    const [first = '', last = ''] = versionsOf('app.mjs');
    const crm = await start([bin, 'crm', '--port', '0']);
    const restartCrm = () => start([bin, 'crm', '--port', new URL(crm.url).port]);
    saveApp(first);
    const app = await start(['app.mjs'], { CRM_BASE_URL: crm.url });

    await book(app);
    await crm.program.printed(/booking_created/);

    await crm.program.end('SIGINT');
    await book(app);
    const { stdout } = await run(process.execPath, [bin, 'outbox', 'stats'], { cwd: project, env: bareEnvironment() });
    expect(stdout).toMatch(/^pending +1 \(/m);
    const secondCrm = await restartCrm();
    await secondCrm.program.printed(/booking_created/);

    await secondCrm.program.end('SIGINT');
    await book(app);
    await app.program.end('SIGKILL');
    const thirdCrm = await restartCrm();
    saveApp(last);
    writeFileSync(join(project, 'create-app.mjs'), versionsOf('create-app.mjs').join());
    const secondApp = await start(['app.mjs'], { CRM_BASE_URL: crm.url, NODE_ENV: 'development' });
    await thirdCrm.program.printed(/booking_created/);
    expect(await secondApp.program.end('SIGTERM')).toBe('0');
  });

  it('has a test that passes, and fails when the hook is missing', async () => {
    const [createApp = ''] = versionsOf('create-app.mjs');
    for (const name of ['create-app.mjs', 'bookings.test.mjs']) {
      writeFileSync(join(project, name), versionsOf(name).join());
    }
    const runTests = () =>
      run(process.execPath, ['--test', '--test-reporter=tap'], { cwd: project, env: bareEnvironment() });
    expect((await runTests()).stdout).toMatch(/^# pass 1$/m);

    writeFileSync(join(project, 'create-app.mjs'), createApp.replace("afterBooking('created'), ", ''));
    await expect(runTests()).rejects.toMatchObject({ stdout: expect.stringMatching(/no notification with type/) });
  });
});
