import { countText } from '../../core/duration-text.js';
import type { LetterKey } from './api-client.js';
import { byId, setText } from './element.js';

/** Which dead letters somebody has selected, also on other pages of the list. */
export interface Selection {
  readonly letters: readonly LetterKey[];
  /** The checkbox of a letter; one that is shown again is checked again. */
  checkboxOf(letter: LetterKey): HTMLInputElement;
  /** The page shows these. */
  showPage(letters: readonly LetterKey[]): void;
  clear(): void;
}

/** As the API takes it at once. */
const maxSelected = 1_000;

export function createSelection(): Selection {
  const ofPage = byId('select-page', HTMLInputElement);
  const count = byId('selection-count', HTMLElement);
  const buttons = ['redeliver-selected', 'discard-selected'].map((id) => byId(id, HTMLButtonElement));
  const selected = new Map<string, LetterKey>();
  const boxes = new Map<string, HTMLInputElement>();
  let page: readonly LetterKey[] = [];

  const showCount = (): void => {
    for (const button of buttons) button.disabled = selected.size === 0;
    const most = selected.size === maxSelected ? ', the most at once' : '';
    setText(count, selected.size === 0 ? '' : `${countText(selected.size, 'dead letter')} selected${most}`);
    const onPage = page.filter((letter) => selected.has(keyOf(letter))).length;
    ofPage.checked = page.length > 0 && onPage === page.length;
    ofPage.indeterminate = onPage > 0 && onPage < page.length;
  };

  const select = (letter: LetterKey, isSelected: boolean): void => {
    const key = keyOf(letter);
    if (!isSelected) selected.delete(key);
    else if (selected.size < maxSelected) selected.set(key, letter);
    const box = boxes.get(key);
    if (box !== undefined) box.checked = selected.has(key);
  };

  ofPage.addEventListener('change', () => {
    for (const letter of page) select(letter, ofPage.checked);
    showCount();
  });

  return {
    get letters() {
      return [...selected.values()];
    },
    checkboxOf({ id, target }) {
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.setAttribute('aria-label', `Select ${id}`);
      box.checked = selected.has(keyOf({ id, target }));
      box.addEventListener('change', () => {
        select({ id, target }, box.checked);
        showCount();
      });
      boxes.set(keyOf({ id, target }), box);
      return box;
    },
    showPage(letters) {
      page = letters.map(({ id, target }) => ({ id, target }));
      const keys = new Set(page.map(keyOf));
      for (const key of boxes.keys()) if (!keys.has(key)) boxes.delete(key);
      showCount();
    },
    clear() {
      for (const letter of [...selected.values()]) select(letter, false);
      showCount();
    },
  };
}

/** A notification may be a dead letter of several targets. */
export function keyOf({ id, target }: LetterKey): string {
  return `${target} ${id}`;
}
