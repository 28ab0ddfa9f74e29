import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareEnvironment } from '../helpers/bare-environment.js';
import { run } from '../package/pack-into.js';
import { copyExample, dependOn, exampleRequests, runExample } from '../package/running-example.js';
import { tarball } from './project.js';

const workshop = mkdtempSync(join(tmpdir(), 'examples-'));

jest.setTimeout(300_000);

afterAll(() => {
  rmSync(workshop, { recursive: true, force: true });
});

describe.each(Object.keys(exampleRequests))('the example %s, installed by npm', (name) => {
  const project = join(workshop, name);
  const { scripts } = JSON.parse(readFileSync(join(__dirname, '../../examples', name, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const npm = (...args: string[]) =>
    run('npm', args, { cwd: project, env: bareEnvironment(), shell: process.platform === 'win32' });

  beforeAll(async () => {
    copyExample(name, project);
    dependOn(tarball, project);
    await npm('install', '--no-audit', '--no-fund');
  });

  it('notifies the CRM, and stops when it is asked to', async () => {
    await npm('run', '--if-present', 'prestart');
    await runExample(name, project);
  });

  for (const script of Object.keys(scripts).filter((key) => !key.includes('start'))) {
    it(`passes its own ${script}`, async () => {
      await npm('run', script);
    });
  }
});
