/**
 * Whether a text can stand in a header as an id does: visible ASCII, and no longer than a server puts up with. Ours are; a
 * stored one may have been edited, and a line break in it would be another header.
 */
export function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(text);
}
