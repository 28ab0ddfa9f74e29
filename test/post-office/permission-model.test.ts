import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { useBuiltPrograms, type BuiltProgram } from './built-program.js';

const { allowedNodeEnvironmentFlags: flags } = process;
const permission = flags.has('--permission') ? '--permission' : '--experimental-permission';
/** What an app without an outbox needs as well. */
const forAnyApp = ['--allow-fs-read=*', ...(flags.has('--allow-net') ? ['--allow-net'] : [])];
const needsAddon = !isBuiltin('node:sqlite');

// Processes and threads start for real, on a machine that may be busy.
jest.setTimeout(30_000);

describe('F22: under node --permission', () => {
  const run = useBuiltPrograms();
  const startCrm = useCrm();
  const directory = useTempDirectory();

  const startApp = (baseUrl: string, ...allowed: readonly string[]): BuiltProgram => {
    const outbox = join(directory(), 'outbox');
    const app = { options: { baseUrl, outbox }, count: 2, then: 'close' };
    const nodeArgs = [permission, ...forAnyApp, `--allow-fs-write=${outbox}/*`, ...allowed];
    return run({ file: 'short-app.mjs', nodeArgs, args: [JSON.stringify(app)] });
  };
  const addons = needsAddon ? ['--allow-addons'] : [];
  const logged = ({ lines }: BuiltProgram): readonly string[] => lines.filter((line) => /^(warn|error) /.test(line));

  it('the post office runs in the app’s thread, and one warning names --allow-worker', async () => {
    const crm = await startCrm();
    const program = startApp(crm.url, ...addons);
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(logged(program)).toEqual([
      expect.stringMatching(/^warn .*app’s own thread.*Start Node with --allow-worker/),
    ]);
    expect(await program.said('closed')).toEqual([expect.stringContaining('"pending":0')]);
    expect(crm.received).toHaveLength(2);
  });

  it('it has its thread with --allow-worker', async () => {
    const crm = await startCrm();
    const program = startApp(crm.url, ...addons, '--allow-worker');
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(program.lines).toContain('threads 1');
    expect(logged(program)).toEqual([]);
    expect(crm.received).toHaveLength(2);
  });

  (needsAddon ? it : it.skip)('the start fails without --allow-addons, which the error names', async () => {
    const program = startApp('http://localhost:1', '--allow-worker');
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/CRMConfigError: .*could not be loaded .*Start Node with --allow-addons/);
  });
});
