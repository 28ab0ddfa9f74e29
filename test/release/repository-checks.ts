import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** package.json, as far as a release looks at it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly repository: { readonly url: string };
  readonly keywords: readonly string[];
  readonly exports: Readonly<Record<string, string | object>>;
}

export function readManifest(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** What is wrong with the addresses in package.json: the other two follow from `repository`. */
export function addressDoubts({ repository, homepage, bugs }: Manifest): readonly string[] {
  const [, base] = /^git\+(https:\/\/github\.com\/[\w.-]+\/[\w.-]+)\.git$/.exec(repository.url) ?? [];
  if (base === undefined)
    return ['repository.url in package.json must be git+https://github.com/OWNER/NAME.git: set it'];
  const expected = { homepage: `${base}#readme`, 'bugs.url': `${base}/issues` };
  const given = { homepage, 'bugs.url': bugs.url };
  return (['homepage', 'bugs.url'] as const)
    .filter((name) => given[name] !== expected[name])
    .map((name) => `${name} in package.json does not agree with repository: set it to ${expected[name]}`);
}

/** Whether the changelog says something of the version, or under Unreleased. */
export function changelogDoubts(changelog: string, version: string): readonly string[] {
  const sections = changelog.split(/^## /m).slice(1);
  const entries = sections.filter((section) => /^\[?(?:Unreleased|\d)/i.test(section));
  const own = entries.find((section) => section.startsWith(version) || section.startsWith(`[${version}]`));
  const section = own ?? entries.find((one) => /^\[?Unreleased/i.test(one));
  const hasText = section !== undefined && section.split('\n').slice(1).join('').trim() !== '';
  return hasText
    ? []
    : [`CHANGELOG.md has no entry for ${version} and none under Unreleased: write what users will notice`];
}

export async function treeDoubts(root: string, mayBeDirty: boolean): Promise<readonly string[]> {
  const { stdout } = await run('git', ['status', '--porcelain'], { cwd: root });
  if (stdout === '' || mayBeDirty) return [];
  const count = stdout.trim().split('\n').length;
  return [`changes are not committed (files: ${count}): commit or stash them, or pass --allow-dirty`];
}

/** A version can be published once only. A name that the registry does not know is free. */
export async function publishedDoubts({ name, version }: Manifest): Promise<readonly string[]> {
  try {
    const { stdout } = await run('npm', ['view', name, 'versions', '--json']);
    const versions = [JSON.parse(stdout) as string | readonly string[]].flat();
    return versions.includes(version) ? [`${version} is published already: raise version in package.json`] : [];
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    if (`${stdout}${stderr}`.includes('E404')) return [];
    return ['the registry did not say which versions are published: see whether npm view works, and try again'];
  }
}
