/**
 * How a text begins that a spreadsheet may run as a formula (https://owasp.org/www-community/attacks/CSV_Injection): also after what one
 * cannot see, which it may leave out (`\s` has the byte order mark), with the full-width signs, which it takes for the others in some
 * languages, and with `|` or `%`, which begin a call of another program.
 */
const formula = /^(?:[\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20\u2212\uFF5C\uFF05])/u;

/**
 * A line of CSV with its end (https://www.rfc-editor.org/rfc/rfc4180). A text that a spreadsheet would run as a formula gets an
 * apostrophe before it; null is an empty cell.
 */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: string | number | null): string {
  if (typeof value !== 'string') return String(value ?? '');
  const harmless = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
