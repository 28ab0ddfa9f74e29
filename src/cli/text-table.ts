import { safeText } from './safe-text.js';

const maxCellLength = 60;

/** A table for people, its columns as wide as what is in them. What is in the cells came from elsewhere. */
export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heads, ...rows.map((row) => row.map((cell) => safeText(cell, maxCellLength)))];
  const widths = heads.map((_head, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
