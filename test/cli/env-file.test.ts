import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { cliToken, objectsIn, useCliRuns } from './cli-program.js';
import { runInProcess } from './in-process.js';

jest.setTimeout(30_000);

describe('F10: the variables of a command', () => {
  const run = useCliRuns();
  const start = useCrm();
  const directory = useTempDirectory();
  const write = (name: string, text: string): string => {
    const path = join(directory(), name);
    writeFileSync(path, text);
    return path;
  };
  const stats = ['outbox', 'stats', '--json'];

  it('F10: come from .env in the working directory too, and check says so', async () => {
    const crm = await start();
    const file = write('.env', `# the app's\nCRM_BASE_URL="${crm.url}"\nCRM_TIMEOUT_MS=2000\nPORT=3000\n`);
    const end = await run(['check'], { cwd: directory() });
    expect(end).toMatchObject({ code: 0, stderr: `Read ${file}: CRM_BASE_URL, CRM_TIMEOUT_MS.\n` });
    expect(crm.received).not.toEqual([]);
    const [result] = objectsIn(await run(['check', '--json'], { cwd: directory() }));
    expect(result).toMatchObject({ ok: true, baseUrl: crm.url, envFile: file });
  });

  it('F10: of a file count less than those of the environment, and of an option most', async () => {
    const crm = await start();
    const file = write('.env', 'CRM_BASE_URL=http://127.0.0.1:1\nCRM_AUTH_TOKEN=of-the-file\n');
    const end = await run(['check', '--send-test'], { cwd: directory(), env: { CRM_BASE_URL: crm.url } });
    expect(end.code).toBe(0);
    expect(end.stderr).toBe(
      `Read ${file}: CRM_AUTH_TOKEN, CRM_BASE_URL. ` +
        'The environment has another value of CRM_AUTH_TOKEN, CRM_BASE_URL, which wins.\n',
    );
    expect(crm.received.at(-1)?.headers.authorization).toBe(`Bearer ${cliToken}`);
    expect((await run(['check', '--base-url', crm.url], { cwd: directory() })).code).toBe(0);
    expect((await run(['check'], { cwd: directory() })).stdout).toContain('nothing is listening at http://127.0.0.1:1');
  });

  it('F10: do not come from a pipe named .env, which nobody may ever write to', async () => {
    execFileSync('mkfifo', [join(directory(), '.env')]);
    const end = await run(['outbox', 'stats'], { cwd: directory() });
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('there is no outbox in');
  });

  it('F10: shows no token of a malformed file', async () => {
    write('.env', 'CRM_AUTH_TOKEN: c2VjcmV0LXRva2Vu==\nCRM_TIMEOUT_MS=2000\n');
    const end = await run(['check'], { cwd: directory(), env: { CRM_BASE_URL: 'http://127.0.0.1:1' } });
    expect(end.stderr).toMatch(/: CRM_TIMEOUT_MS\.$/m);
    expect(`${end.stdout}${end.stderr}`).not.toContain('c2Vjcm');
  });

  it.each([stats, ['outbox', 'list'], ['outbox', 'redeliver', '--all'], ['deliver', '--patience-ms', '1']])(
    'F10: come from the file that is given: %s %s',
    async (...command) => {
      const { directory: outbox } = await prepareOutbox(join(directory(), 'outbox'), { count: 0, deadCount: 0 });
      write('.env', 'CRM_OUTBOX=elsewhere\n');
      const file = write('production.env', `CRM_OUTBOX=${outbox}\n`);
      const without = await run(command, { cwd: directory() });
      expect(without).toMatchObject({ code: 1 });
      expect(without.stderr).toContain('there is no outbox in');
      expect(await run([...command, '--env-file', 'production.env'], { cwd: directory() })).toMatchObject({ code: 0 });
      expect(await run([...command, `--env-file=${file}`], { cwd: directory() })).toMatchObject({ code: 0 });
    },
  );

  it('F10: set the level of the log', async () => {
    const crm = await start();
    write('.env', `CRM_BASE_URL=${crm.url}\nCRM_LOG_LEVEL=debug\n`);
    const end = await run(['check', '--send-test'], { cwd: directory() });
    expect(end.stderr).toContain('[debug] ');
  });

  it.each<[what: string, make: (path: string) => void, code: string]>([
    ['missing', () => undefined, 'ENOENT'],
    ['a directory', (path) => mkdirSync(path), 'EISDIR'],
  ])('F10: a given file that is %s is wrong usage', async (_what, make, code) => {
    const path = join(directory(), 'some.env');
    make(path);
    const end = await runInProcess(['check', '--env-file', path, '--json']);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain(`error: --env-file: ${path} cannot be read (${code})`);
    expect(end.stderr).toContain('Usage: crm-notifier check');
  });

  it('F10: do without a .env that is a directory, as a Python environment may be', async () => {
    const crm = await start();
    mkdirSync(join(directory(), '.env'));
    const end = await run(['check'], { cwd: directory(), env: { CRM_BASE_URL: crm.url } });
    expect(end).toMatchObject({ code: 0, stderr: '' });
  });

  it('F10: do without a .env that cannot be read, with a note', async () => {
    const crm = await start();
    const file = join(directory(), '.env');
    symlinkSync('.env', file);
    const end = await run(['check'], { cwd: directory(), env: { CRM_BASE_URL: crm.url } });
    expect(end).toMatchObject({ code: 0, stderr: `${file} cannot be read (ELOOP); going on without it.\n` });
  });
});
