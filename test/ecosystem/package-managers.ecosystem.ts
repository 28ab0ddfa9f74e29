import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bookedOnce, bookOnce, type Booked } from './book-once.js';
import { createProject, type Output, type Project, toolDirectory } from './project.js';

type Install = (project: Project, packages: readonly string[]) => Promise<Output>;

/** The path of a package manager's program, which npm puts into a directory of its own. */
async function installTool(project: Project, name: string, program: string): Promise<string> {
  const directory = toolDirectory(name.replaceAll(/[^\w.-]+/g, '-'));
  mkdirSync(directory, { recursive: true });
  await project.run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', directory, name]);
  return join(directory, 'node_modules', program);
}

/** Yarn takes a tarball as `name@file:path`. */
const asFile = (name: string): string => (name.endsWith('.tgz') ? `express-crm-notifier@file:${name}` : name);

describe.each([
  ['10', 'pnpm/bin/pnpm.cjs'],
  ['latest', 'pnpm/bin/pnpm.mjs'],
])('pnpm %s', (version, program) => {
  it('installs it beside a strict node_modules, and a booking arrives', async () => {
    const page = readFileSync(join(__dirname, '../../docs/compatibility.md'), 'utf8');
    const workspace = /^```yaml\n(?<text>[^]*?)^```$/m.exec(page)?.groups?.['text'] ?? '';
    const install: Install = async (project, packages) => {
      const pnpm = await installTool(project, `pnpm@${version}`, program);
      return project.run(process.execPath, [pnpm, 'add', '--store-dir', toolDirectory('pnpm-store'), ...packages]);
    };
    const files = { 'pnpm-workspace.yaml': workspace };
    const project = await createProject(`pnpm ${version}`, ['express@5'], { files, install });
    // Strict: what the package depends on is not the app's.
    expect(() => project.versionOf('undici')).toThrow('ENOENT');
    await expectToBook(project);
  });
});

describe('Yarn classic', () => {
  it('installs it, and a booking arrives', async () => {
    const install: Install = async (project, packages) => {
      const yarn = await installTool(project, 'yarn@1', 'yarn/bin/yarn.js');
      const cache = ['--cache-folder', toolDirectory('yarn-cache')];
      return project.run(process.execPath, [yarn, 'add', '--non-interactive', ...cache, ...packages.map(asFile)]);
    };
    const project = await createProject('yarn classic', ['express@5'], { install });
    await expectToBook(project);
  });
});

describe.each(['node-modules', 'pnp'])('Yarn 4 with the linker %s', (linker) => {
  it('installs it, and a booking arrives', async () => {
    let yarn = '';
    const install: Install = async (project, packages) => {
      yarn = await installTool(project, '@yarnpkg/cli-dist@4', '@yarnpkg/cli-dist/bin/yarn.js');
      return project.run(process.execPath, [yarn, 'add', ...packages.map(asFile)]);
    };
    const files = {
      'yarn.lock': '',
      '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\nglobalFolder: ${toolDirectory('yarn')}\n`,
    };
    const project = await createProject(`yarn 4, ${linker}`, ['express@5'], { files, install });
    await expectToBook(project, [process.execPath, yarn, 'node']);
  });
});

/** Both programs book; that of ES modules asks for the dashboard, too. */
async function expectToBook(project: Project, command?: readonly [string, ...string[]]): Promise<void> {
  expect(await bookOnce(project, 'express.cjs', command)).toEqual(bookedOnce);
  const shown: Booked = { ...bookedOnce, inspected: 200 };
  expect(await bookOnce(project, 'express.mjs', command)).toEqual(shown);
}
