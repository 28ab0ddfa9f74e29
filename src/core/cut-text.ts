/** The text if it is no longer than so many characters, else its beginning and `…`, which are that long together. Splits no character in two. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
