/** A pattern for `LIKE … ESCAPE '\'` that finds this text, where a to z are the same as A to Z. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** A condition: one of these columns is like the pattern in this parameter. */
export function isLike(columns: readonly string[], parameter: string): string {
  return columns.map((column) => `${column} LIKE ${parameter} ESCAPE '\\'`).join(' OR ');
}
