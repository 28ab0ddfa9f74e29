import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { link, run } from './pack-into.js';

/** This repository. */
export const root = resolve(__dirname, '../..');
const packageName = 'express-crm-notifier';

/** Express 5 and its types have the usual names among our dev dependencies; these are called otherwise there. */
const express4 = {
  express: dirname(require.resolve('express4/package.json')),
  '@types/express': dirname(require.resolve('@types/express4/package.json')),
};

/** Which of the two supported major versions of Express an app has. */
export type ExpressMajor = 4 | 5;

/**
 * An app's directory with the package and nothing else installed but what the package's own package.json asks for, so
 * that an import it does not declare fails. The rest of node_modules is linked to ours: the same bytes for every run, and
 * no network. `without` are optional peers that this app has not.
 */
export async function installInto(
  project: string,
  tarball: string,
  express: ExpressMajor,
  without: readonly string[] = [],
): Promise<void> {
  const modules = join(project, 'node_modules');
  const installed = join(modules, packageName);
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);

  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  // What the app brings along: the peers, and the types of Node and of pg.
  const brought = { ...manifest.peerDependencies, '@types/node': '*', '@types/pg': '*' };
  const all = Object.keys({ ...manifest.dependencies, ...brought });
  const names = all.filter((name) => !without.includes(name));
  const sameName = Object.fromEntries(names.map((name) => [name, join(root, 'node_modules', name)]));
  const targets = { ...sameName, ...(express === 4 ? express4 : {}) };
  for (const [name, target] of Object.entries(targets)) link(target, join(modules, name));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
}

export const telemetryPeers: readonly string[] = ['@opentelemetry/api', 'prom-client'];

/** What no app needs in order to compile; the types of Express it needs for itself. */
export const optionalPeers: readonly string[] = [...telemetryPeers, '@photostructure/sqlite', '@types/pg'];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}
