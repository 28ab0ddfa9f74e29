import type { Id } from '../notification/notification.js';

/** An id from the command line: a number where it is written as one, and not wanted as text. */
export function idOf(text: string, isText = false): Id {
  return !isText && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : text;
}
