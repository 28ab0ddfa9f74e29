/** The check before a release: see `usage`, or CONTRIBUTING.md. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packInto, run } from '../package/pack-into.js';
import { createDoubts, type Doubts } from './doubts.js';
import { environmentOf, fetchNode } from './node-releases.js';
import {
  addressDoubts,
  changelogDoubts,
  publishedDoubts,
  readManifest,
  treeDoubts,
  type Manifest,
} from './repository-checks.js';
import { firstProgramOf, tryReadme } from './try-readme.js';

const usage = `Usage: npm run release-check [-- --allow-dirty]

Packs the package, installs it on each Node that it supports, and does there what the README says. Publishes nothing.

  --allow-dirty   changes that are not committed are no doubt
  --help          prints this

Ends with 0 and "Ready to release.", with 1 if there is any doubt, and with 2 for wrong usage.`;

const nodeLines = [20, 22, 24, 26];
/** What is more needs a reason, and then a higher number here. */
const maxima = { packedKb: 400, unpackedKb: 1_500, dependencies: 25 };

const root = join(import.meta.dirname, '../..');
const say = (line: string): void => {
  console.log(line);
};

async function check(isDirtyAllowed: boolean): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'release-check-'));
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true });
  });
  const manifest = readManifest(root);
  say(`${manifest.name} ${manifest.version}`);
  const doubts = createDoubts(8 + nodeLines.length, say);
  const step = async (title: string, find: () => Promise<readonly string[]> | readonly string[]): Promise<void> =>
    doubts.step(title, async () => {
      for (const doubt of await find()) doubts.add(doubt);
      return undefined;
    });

  await step('everything is committed', () => treeDoubts(root, isDirtyAllowed));
  await step('the addresses in package.json agree', () => addressDoubts(manifest));
  await step('the changelog has an entry', () =>
    changelogDoubts(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), manifest.version),
  );
  await step('the version is not published yet', () => publishedDoubts(manifest));
  await doubts.step('no link is dead', () => runQuietly('npm', ['run', '-s', 'check:links']));

  let tarball = '';
  await doubts.step('the package is packed', async () => {
    tarball = await packInto(directory, root);
    return measure(tarball, directory, doubts);
  });
  if (tarball === '') return doubts.all;
  await doubts.step('publint and attw are content with it', async () => {
    await runQuietly(binOf('publint'), ['run', tarball, '--strict']);
    await runQuietly(binOf('attw'), [tarball, '--format', 'ascii', '--no-emoji', '--exclude-entrypoints', 'thread']);
    return undefined;
  });
  await doubts.step('its dependencies are few', () => countDependencies(tarball, directory, manifest, doubts));
  for (const line of nodeLines) {
    await doubts.step(`it works on Node ${line}`, () => tryOn(line, tarball, directory, manifest));
  }
  return doubts.all;
}

async function measure(tarball: string, directory: string, doubts: Doubts): Promise<string> {
  const unpacked = join(directory, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['-xzf', tarball, '-C', unpacked]);
  const files = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
  const packedKb = Math.ceil(statSync(tarball).size / 1024);
  const unpackedKb = Math.ceil(bytes / 1024);
  if (packedKb > maxima.packedKb || unpackedKb > maxima.unpackedKb) {
    doubts.add(
      `it has grown beyond ${maxima.packedKb} KB packed or ${maxima.unpackedKb} KB unpacked: see files in package.json`,
    );
  }
  return `${packedKb} KB packed, ${unpackedKb} KB unpacked, ${files.length} files`;
}

/** Those of the whole tree, without the peers, which the app brings. */
async function countDependencies(
  tarball: string,
  directory: string,
  { name }: Manifest,
  doubts: Doubts,
): Promise<string> {
  const project = makeProject(directory, 'dependencies');
  await run('npm', ['install', '--package-lock-only', '--legacy-peer-deps', '--no-audit', '--no-fund', tarball], {
    cwd: project,
  });
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lock;
  const names = Object.keys(packages).filter((path) => path !== '' && path !== `node_modules/${name}`);
  if (names.length > maxima.dependencies) {
    doubts.add(`it brings more than ${maxima.dependencies} packages: see npm ls --all, and do without the new one`);
  }
  return `${names.length} packages come with it`;
}

interface Lock {
  readonly packages: Readonly<Record<string, unknown>>;
}

/** Installs it as a user does, loads each entry point both ways, asks the command line for help, and does what the README says. */
async function tryOn(line: number, tarball: string, directory: string, { name, exports }: Manifest): Promise<string> {
  const node = await fetchNode(line, join(root, 'node_modules/.cache/release-check'));
  const env = environmentOf(node);
  const project = makeProject(directory, `node-${line}`);
  const options = { cwd: project, env };
  // SQLite is Node's own from 22.13 on; prom-client is what the entry point for it needs.
  const others = ['express', 'prom-client', ...(line < 22 ? ['@photostructure/sqlite@1'] : [])];
  await run('npm', ['install', '--no-audit', '--no-fund', tarball, ...others], options);

  // The thread's entry point is for bundlers, and package.json is no module.
  const entries = Object.entries(exports).filter(([, value]) => typeof value !== 'string');
  for (const [path] of entries) {
    const entry = `${name}${path.slice(1)}`;
    const counted = 'if (Object.keys(loaded).length === 0) process.exit(3)';
    await run('node', ['-e', `const loaded = require('${entry}'); ${counted}`], options);
    const source = `import * as loaded from '${entry}'; ${counted}`;
    await run('node', ['--input-type=module', '-e', source], options);
  }
  await run(join(project, 'node_modules/.bin/crm-notifier'), ['--help'], options);
  const arrived = await tryReadme(project, firstProgramOf(join(root, 'README.md')), env);
  return `Node ${node.version}: ${entries.length} entry points imported and required, --help, the README's program: ${arrived}`;
}

function makeProject(directory: string, name: string): string {
  const project = join(directory, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  return project;
}

/** Its output is shown only when it fails. */
async function runQuietly(command: string, args: readonly string[]): Promise<undefined> {
  await run(command, [...args], { cwd: root, maxBuffer: 2 ** 26 });
}

function binOf(name: string): string {
  return join(root, 'node_modules/.bin', name);
}

async function main(): Promise<number> {
  let isDirtyAllowed: boolean;
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ options: { 'allow-dirty': flag, help: flag } });
    isDirtyAllowed = values['allow-dirty'];
    if (values.help) {
      say(usage);
      return 0;
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const all = await check(isDirtyAllowed);
  if (all.length === 0) {
    say('Ready to release.');
    return 0;
  }
  say(`\n${all.join('\n')}`);
  say(`Not ready to release: ${all.length} ${all.length === 1 ? 'doubt' : 'doubts'}.`);
  return 1;
}

process.exitCode = await main();
