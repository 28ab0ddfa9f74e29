import { csvLine } from '../core/csv.js';
import type { Export } from './export-gate.js';
import type { ExportFormat } from './list-query.js';

/** What is exported: a list that is read page by page. */
export interface ExportedList<Listed> {
  /** Of the file, without its ending. */
  readonly name: string;
  /** The page after one of the list; the first one for undefined. */
  readonly readAfter: (last: Listed | undefined) => Promise<readonly Listed[]>;
  /** The names of the cells. */
  readonly header: readonly string[];
  readonly cellsOf: (listed: Listed) => readonly (string | number | null)[];
  readonly recordOf: (listed: Listed) => object;
}

/** The list as a file: CSV, or JSON with one object per line. One page at a time is in memory. Rejects if the first cannot be read. */
export async function exportList<Listed>(format: ExportFormat, list: ExportedList<Listed>): Promise<Export> {
  const first = await list.readAfter(undefined);
  const lineOf = (listed: Listed): string =>
    format === 'csv' ? csvLine(list.cellsOf(listed)) : `${JSON.stringify(list.recordOf(listed))}\n`;

  async function* chunks(): AsyncGenerator<string> {
    if (format === 'csv') yield csvLine(list.header);
    for (let page = first; page.length > 0; page = await list.readAfter(page.at(-1))) yield page.map(lineOf).join('');
  }
  const { ending, type } = formats[format];
  return {
    status: 200,
    headers: {
      'cache-control': 'no-store',
      'content-type': type,
      'content-disposition': `attachment; filename="${list.name}.${ending}"`,
    },
    chunks: chunks(),
  };
}

const formats = {
  csv: { ending: 'csv', type: 'text/csv; charset=utf-8; header=present' },
  json: { ending: 'ndjson', type: 'application/x-ndjson; charset=utf-8' },
} as const;
