/** Formats an instant in ISO 8601. One out of range, which only a damaged file has, is shown as its number. */
export function instantText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
