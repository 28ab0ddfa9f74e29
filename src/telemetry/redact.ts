import { stripVTControlCharacters } from 'node:util';

const redacted = '[redacted]';

/** Keys whose values name records, types and states, never a person. Whatever is not listed is taken for personal. */
const harmlessKeys = new Set([
  'notification_id',
  'notification_type',
  'user_id',
  'booking_id',
  'session_id',
  'event_id',
  'facilitator_id',
  'id',
  'action',
  'timestamp',
  'start_date',
  'status',
  'success',
  'ok',
  'duplicate',
  'code',
]);

/** A JSON value with its shape and its ids, and `[redacted]` where anything personal could stand. */
export function redactJson(value: unknown, isHarmless = false): unknown {
  if (Array.isArray(value)) return value.map((element) => redactJson(element));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, redactJson(member, harmlessKeys.has(key))]),
    );
  }
  return value === null || typeof value === 'boolean' || isHarmless ? value : redacted;
}

/** A body's text for a debug line: redacted where it is JSON, and only its length where it is not. */
export function redactText(text: string, secrets: readonly string[]): unknown {
  try {
    return redactJson(JSON.parse(withoutSecrets(text, secrets)));
  } catch {
    return `${String(text.length)} characters that are not JSON`;
  }
}

/** The strings in a JSON text that may be personal, longest first: what must not be read back from a CRM's reply. */
export function personalStrings(jsonText: string): string[] {
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
 * Makes a CRM's text fit to be logged, stored and shown: without the given secrets, e-mail addresses, terminal escapes
 * and control characters, and cut to `maxLength` characters.
 */
export function scrubText(text: string, secrets: readonly string[], maxLength = 1024): string {
  // Cut first, generously: a reply may have 64 KB, and every step below reads all it is given.
  const clean = withoutSecrets(stripVTControlCharacters(text.slice(0, maxLength * 8)), secrets)
    // Whole words around an @, bounded so that no input makes the expression slow.
    .replace(/[^\s@<>"',;:]{1,64}@[^\s@<>"',;:]{1,255}/g, redacted)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .trim();
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, redacted)), text);
}
