import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { useFakeCrm } from '../testing/use-fake-crm.js';
import { installInto, root } from './installed-package.js';
import { packInto, run } from './pack-into.js';

const thread = 'crm-notifier-thread';
const ourRequire = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** How apps are bundled: to CommonJS, or to an ES module, which needs a `require` for the CommonJS in it. */
const formats: readonly [name: string, ending: string, options: BuildOptions][] = [
  ['CommonJS', '.cjs', { format: 'cjs' }],
  ['an ES module', '.mjs', { format: 'esm', banner: { js: ourRequire } }],
];

const workshop = mkdtempSync(join(tmpdir(), 'bundled-'));
const project = join(workshop, 'app');

jest.setTimeout(120_000);

beforeAll(async () => {
  await installInto(project, await packInto(workshop, root), 5);
  cpSync(join(__dirname, 'consumer'), project, { recursive: true });
});

afterAll(() => {
  rmSync(workshop, { recursive: true, force: true });
});

describe.each(formats)('F16: an app that esbuild has bundled as %s', (_name, ending, format) => {
  const startCrm = useFakeCrm();

  /** Bundles entry points into a directory of their own. */
  const bundle = async (directory: string, entryPoints: Record<string, string>, options: BuildOptions = {}) => {
    await build({
      absWorkingDir: project,
      entryPoints,
      outdir: join('out', directory),
      outExtension: { '.js': ending },
      bundle: true,
      platform: 'node',
      external: ['@photostructure/sqlite'],
      logLevel: 'silent',
      ...format,
      ...options,
    });
    return join(project, 'out', directory);
  };

  /** Runs a bundled app that books once: its warnings, its threads, and what the CRM has got. */
  const book = async (directory: string) => {
    const crm = await startCrm();
    const { PATH } = process.env;
    const env = { PATH, CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: crm.token, CRM_OUTBOX: join(directory, 'outbox') };
    const args = ['--require', join(project, 'count-threads.cjs'), join(directory, `app${ending}`)];
    const { stdout } = await run(process.execPath, args, { cwd: workshop, env, timeout: 60_000 });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    return {
      warnings: lines.filter(({ level = 0 }) => level > 30).map(({ msg }) => msg),
      threads: lines.find(({ threads }) => threads !== undefined)?.threads,
      result: lines.find(({ result }) => result !== undefined)?.result,
      sent: (await crm.sent.waitFor({ type: 'booking_created' })).map(({ message }) => message),
    };
  };
  const delivered = {
    result: expect.objectContaining({ status: 201, delivered: 1, pending: 0, dead: 0 }) as unknown,
    sent: ['Booking 456 created'],
  };

  it('has its thread where the package is left out', async () => {
    const directory = await bundle(`external${ending}`, { app: 'app.cjs' }, { packages: 'external' });
    expect(await book(directory)).toEqual({ warnings: [], threads: 1, ...delivered });
  });

  it('has its thread where that is built beside it', async () => {
    const entryPoints = { app: 'app.cjs', [thread]: 'express-crm-notifier/thread' };
    const directory = await bundle(`whole${ending}`, entryPoints);
    expect(await book(directory)).toEqual({ warnings: [], threads: 1, ...delivered });
  });

  it('works without a thread where none is built, and one warning says how to have one', async () => {
    const directory = await bundle(`threadless${ending}`, { app: 'app.cjs' });
    const warnings = [
      expect.stringMatching(/express-crm-notifier\/thread as crm-notifier-thread\.js beside it.*thread: false/),
    ];
    expect(await book(directory)).toEqual({ warnings, threads: 0, ...delivered });
  });

  it('works without a thread where that is of another version, and one warning says so', async () => {
    const entryPoints = { app: 'app.cjs', [thread]: 'express-crm-notifier/thread' };
    const directory = await bundle(`old${ending}`, entryPoints);
    const file = join(directory, `${thread}${ending}`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(version = )"\d+\.\d+\.\d+"/, '$1"0.0.1"'));
    const warnings = [
      expect.stringMatching(/could not be started \(it is of version 0\.0\.1, and the app’s is .*build/),
    ];
    expect(await book(directory)).toEqual({ warnings, threads: 1, ...delivered });
  });

  it('works without a thread where that cannot be loaded, and one warning says why', async () => {
    const directory = await bundle(`incomplete${ending}`, { app: 'app.cjs' });
    writeFileSync(join(directory, `${thread}.cjs`), "require('a-package-that-nobody-installed');");
    const warnings = [expect.stringContaining("(Cannot find module 'a-package-that-nobody-installed')")];
    expect(await book(directory)).toEqual({ warnings, threads: 1, ...delivered });
  });
});

interface Line {
  readonly level?: number;
  readonly msg?: string;
  readonly threads?: number;
  readonly result?: unknown;
}
