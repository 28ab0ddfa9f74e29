import { stripVTControlCharacters } from 'node:util';
import { cutText } from '../core/cut-text.js';
import { createSecretFinder, type Range } from './secret-finder.js';

const redacted = '[redacted]';

/** Looks like the name of a field rather than something that a person typed. */
const fieldName = /^[A-Za-z_][\w.-]{0,63}$/;

/** What ids, types, states and instants look like. */
const plainWord = /^[\w.:+-]{1,128}$/;

/**
 * Keeps a JSON value's shape and ids, and puts `[redacted]` where personal data or a secret could be: a CRM may echo anything
 * under any key.
 */
function redactJson(
  value: unknown,
  isSecret: (text: string) => boolean,
  harmlessKeys: ReadonlySet<string>,
  isHarmless = false,
): unknown {
  if (Array.isArray(value)) return value.map((element) => redactJson(element, isSecret, harmlessKeys));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        fieldName.test(key) && !isSecret(key) ? key : redacted,
        redactJson(member, isSecret, harmlessKeys, harmlessKeys.has(key)),
      ]),
    );
  }
  if (value === null || typeof value === 'boolean') return value;
  if (!isHarmless || (typeof value !== 'string' && typeof value !== 'number')) return redacted;
  const text = String(value);
  return plainWord.test(text) && !isSecret(text) ? value : redacted;
}

/** Which parts of a body may be shown. */
interface Redaction {
  readonly secrets: readonly string[];
  /** Keys whose values name records, types and states, never a person. All other values are taken for personal. */
  readonly harmlessKeys: ReadonlySet<string>;
}

/** A body's text for a debug line: redacted where it is JSON, and only its length where it is not. */
export function redactText(text: string, { secrets, harmlessKeys }: Redaction): unknown {
  const finder = createSecretFinder(secrets);
  try {
    return redactJson(JSON.parse(text), (word) => finder.find(word).length > 0, harmlessKeys);
  } catch {
    return `${String(text.length)} characters that are not JSON`;
  }
}

/** The strings in a JSON text that may be personal, longest first: a logged reply of the CRM must not repeat them. */
export function personalStrings(jsonText: string, harmlessKeys: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, isHarmless: boolean): void => {
    if (Array.isArray(value)) for (const element of value) visit(element, false);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) visit(member, harmlessKeys.has(key));
    } else if (!isHarmless && (typeof value === 'string' || typeof value === 'number')) {
      const text = String(value);
      if (text.length >= 3) found.add(text);
    }
  };
  try {
    visit(JSON.parse(jsonText), false);
  } catch {
    return [];
  }
  return [...found].sort((a, b) => b.length - a.length);
}

/**
 * Makes a CRM's text safe to log, store and show: without the given secrets (in any letter case and usual encoding), e-mail
 * addresses, terminal escapes and control characters, and cut to `maxLength` characters.
 */
export function scrubText(text: string, secrets: readonly string[], maxLength = 1024): string {
  // Cut first, generously: a reply may have 64 KB, and every step below reads the whole text.
  // Without NUL characters: a text in UTF-16 has one between any two.
  const start = text.slice(0, maxLength * 8).replaceAll('\0', '');
  // Twice, because an error message in JSON often quotes the JSON it is about.
  const plain = printable(unescaped(unescaped(start)));
  // One more than the text has, so that no secret is cut to a part of itself that the text could contain.
  const finder = createSecretFinder(secrets.map(printable), plain.length + 1);
  const whole = text.length <= maxLength * 8 ? plain : plain.slice(0, finder.findCutSecret(plain));
  const clean = withMarks(whole, finder.find(whole))
    // Whole words around an @, of limited length so that no input makes the expression slow.
    .replace(/[^\s@<>"',;:\0]{1,64}(?:@|%40)[^\s@<>"',;:\0]{1,255}/gi, mark)
    .replace(/\0+/g, redacted)
    .trim();
  return cutText(clean, maxLength);
}

// Takes the place of what was removed, until the end: `printable` leaves none in the text, and no secret matches it.
const mark = '\0';

function withMarks(text: string, ranges: readonly Range[]): string {
  let marked = '';
  let copied = 0;
  for (const [start, end] of ranges) {
    marked += text.slice(copied, start) + mark;
    copied = end;
  }
  return marked + text.slice(copied);
}

/** One line of visible text: no terminal escapes, no control characters, no change of direction. */
function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .trim();
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Undoes the escapes of JSON and HTML, so that a secret is found in spite of them: `\u00e9` and `\/` if the text looks like
 * JSON, `&#39;` and `&quot;` anywhere.
 */
function unescaped(text: string): string {
  const withoutEntities = text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (entity, decimal, hex, name) => {
      if (typeof name === 'string') return namedEntities[name.toLowerCase()] ?? entity;
      const codePoint = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : entity;
    },
  );
  if (!/^\s*"|[[{]\s*"/.test(text)) return withoutEntities;
  return withoutEntities.replace(/\\(?:u([\da-f]{4})|(["\\/])|[bfnrt])/gi, (_escape, unit, character) => {
    if (typeof unit === 'string') return String.fromCharCode(Number.parseInt(unit, 16));
    return typeof character === 'string' ? character : ' ';
  });
}
