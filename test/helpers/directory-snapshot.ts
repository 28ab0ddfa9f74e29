import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a directory is and holds: modes, times and bytes, to be compared with what it is and holds later. */
export function snapshotOf(directory: string): Record<string, string> {
  const names = ['.', ...readdirSync(directory).sort()];
  return Object.fromEntries(names.map((name) => [name, describe(join(directory, name))]));
}

function describe(path: string): string {
  const { mode, mtimeMs, size } = lstatSync(path);
  const isFile = (mode & 0o170_000) === 0o100_000;
  const bytes = isFile ? readFileSync(path).toString('base64') : '';
  return [mode.toString(8), String(mtimeMs), String(size), bytes].join(' ');
}
