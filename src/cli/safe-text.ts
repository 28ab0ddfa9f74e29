import { scrubText } from '../telemetry/redact.js';

/** What JSON leaves as it is but a terminal may obey: the second set of control characters, changes of direction. */
const obeyed = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A value as JSON that a terminal shows and does not obey. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    obeyed,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text that came from elsewhere, in one line and fit to be shown: no escapes, no control characters, no addresses. */
export function safeText(text: string, maxLength = 1024): string {
  return scrubText(text, [], maxLength);
}

/** As `safeText`, for what the user has typed: only a terminal's commands are taken out, lines stay. */
export function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '');
}
