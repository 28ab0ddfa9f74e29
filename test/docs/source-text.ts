import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const projectRoot = join(__dirname, '../..');

/** A page of docs/, such as `errors.md`. */
export function readPage(name: string): string {
  return readFileSync(join(projectRoot, 'docs', name), 'utf8');
}

/** Every file of src/ that runs on the server, by its path from there, with its text. */
export function sourceFiles(): ReadonlyMap<string, string> {
  const source = join(projectRoot, 'src');
  const paths = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('dashboard/page/'),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(source, path), 'utf8')]));
}

/** The source with the pieces of a text put together, and what differs shown as `…`: as documents show a log line. */
export function shownTexts(source: string): string {
  return source
    .replace(/['`]\s*\+\s*['`]/g, '')
    .replace(/\$\{fileName\}/g, 'outbox.db')
    .replace(/\$\{packageName\}/g, '@photostructure/sqlite')
    .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');
}

export interface Table {
  readonly heading: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The tables of a page, each with the heading that it stands under. */
export function tablesOf(markdown: string): readonly Table[] {
  const tables: { heading: string; header: readonly string[]; rows: (readonly string[])[] }[] = [];
  let heading = '';
  let isInside = false;
  for (const line of markdown.split('\n')) {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith('|')) {
      isInside = false;
      continue;
    }
    const cells = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    if (!isInside) tables.push({ heading, header: cells, rows: [] });
    else if (!cells.every((cell) => /^-+$/.test(cell))) tables.at(-1)?.rows.push(cells);
    isInside = true;
  }
  return tables;
}

/** What a cell shows as code. */
export function codeIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
