import { make } from './element.js';

/** Longer reasons are folded up. */
const foldAt = 300;

/** The words of a reason, with a cue where there is more: a JSON or HTML reply is shown as what it says. */
export function makeReason(detail: string): HTMLElement {
  const text = wordsIn(detail);
  if (text === '') return make('p', 'letter-detail', 'no reason given');
  if (text === detail && text.length <= foldAt) return make('p', 'letter-detail', text);
  const short = text.length <= foldAt ? text : `${text.slice(0, foldAt)} …`;
  return make('details', 'letter-detail', make('summary', '', short), make('p', 'code', detail));
}

function wordsIn(detail: string): string {
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
