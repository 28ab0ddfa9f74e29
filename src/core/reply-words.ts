/** What a reply of a CRM says, without its JSON or HTML; the whole text if it says it somewhere else. */
export function replyWords(detail: string): string {
  const text = detail.trim();
  if (/^[[{]/.test(text)) return wordsOfJson(text) ?? text;
  if (!/^<(?:!doctype|html|\?xml|[a-z]+[\s>])/i.test(text)) return text;
  const withoutMarkup = text
    .replace(/<(script|style)\b[^]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<[^>]*(?:>|$)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return withoutMarkup === '' ? text : withoutMarkup;
}

/** Where the usual APIs put it; undefined if it is somewhere else, or the text was cut. */
function wordsOfJson(text: string): string | undefined {
  try {
    return wordsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const keys = ['message', 'error', 'detail', 'error_description', 'title', 'errors'] as const;

function wordsOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return wordsOf(value[0]);
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of keys) {
    const words = wordsOf(record[key]);
    if (words !== undefined) return words;
  }
  return undefined;
}
