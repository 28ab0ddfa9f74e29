/** The body exactly as it is posted, or with each value replaced: keys and shapes stay, and a text that is no JSON becomes dots altogether. */
export function shownBody(body: Uint8Array, isMasked: boolean): string {
  const text = Buffer.from(body).toString('utf8');
  if (!isMasked) return text;
  const parsed = parse(text);
  return parsed === undefined ? dots : JSON.stringify(masked(parsed.value), null, 2);
}

const dots = '•••';

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value === null ? null : dots;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
