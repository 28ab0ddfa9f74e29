import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Node of one release line, installed apart from the machine's own. */
export interface NodeRelease {
  readonly version: string;
  /** The directory of its `node`, first in a `PATH` to make it the one that is used. */
  readonly directory: string;
}

/**
 * Fetches the newest Node of a line, as the package `node` of the npm registry brings it, into `cache`; what is there already is
 * not fetched again.
 */
export async function fetchNode(line: number, cache: string): Promise<NodeRelease> {
  const { stdout } = await run('npm', ['view', `node@${line}`, 'version', '--json']);
  const found = JSON.parse(stdout) as string | readonly string[];
  const version = typeof found === 'string' ? found : [...found].sort(byVersion).at(-1);
  if (version === undefined) throw new Error(`the registry has no Node ${line}`);
  const directory = join(cache, version);
  const binary = join(directory, 'node_modules/node/bin/node');
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    // Its install script puts the binary in its place.
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
    const options = ['--no-audit', '--no-fund', '--ignore-scripts=false'];
    await run('npm', ['install', ...options, `node@${version}`], { cwd: directory });
  }
  const printed = await run(binary, ['--version']);
  return { version: printed.stdout.trim().slice(1), directory: dirname(binary) };
}

/** This process's environment with another Node, and without what npm, jest and our own settings put into it. */
export function environmentOf({ directory }: NodeRelease): NodeJS.ProcessEnv {
  const foreign = /^(npm_|CRM_|NODE_)/i;
  const config = /^npm_config_(registry|cache|userconfig|globalconfig|cafile)$/i;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name) || config.test(name));
  return { ...Object.fromEntries(own), PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}` };
}

function byVersion(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
