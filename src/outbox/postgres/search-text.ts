// In the order of C only a to z are the same as A to Z. A position finds the text as it is, without wildcards.
const contains = (text: string): string => `strpos(lower(${text} COLLATE "C"), lower($1::text COLLATE "C")) > 0`;

/** A condition: one of these expressions has the text `$1` in it, or that is empty. */
export function searchIn(expressions: readonly string[]): string {
  return `($1::text = '' OR coalesce(${expressions.map(contains).join(' OR ')}, false))`;
}

/** The text as it is in what is stored. */
export function searchValue(search: string): string {
  return search.replaceAll('\0', '\u2400');
}

/** Undefined for an infinite instant, which limits nothing. */
export function finiteInstant(instant: number | undefined): number | undefined {
  return Number.isFinite(instant) ? instant : undefined;
}
