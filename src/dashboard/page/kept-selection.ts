import type { LetterKey } from './api-client.js';

/** Of this tab and this dashboard: a reload keeps what is selected, and another tab has its own. */
const name = `crm-dashboard selection ${location.pathname}`;

/** What was selected before the page was loaded. */
export function readKeptSelection(): readonly LetterKey[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(name) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isKey).map(({ id, target }) => ({ id, target })) : [];
  } catch {
    // Not ours, or the browser does not let pages store anything.
    return [];
  }
}

export function keepSelection(letters: readonly LetterKey[]): void {
  try {
    if (letters.length === 0) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(letters));
  } catch {
    // Then a reload loses it.
  }
}

function isKey(value: unknown): value is LetterKey {
  const { id, target } = (value ?? {}) as Partial<Record<keyof LetterKey, unknown>>;
  return typeof id === 'string' && typeof target === 'string';
}
