import { countText } from '../../core/duration-text.js';
import { noFilter, type ListFilter } from './address.js';
import { fetchSelected, type LetterKey, type SelectedIds } from './api-client.js';
import { allowChange } from './change-control.js';
import { byId, numberText, setText } from './element.js';
import { keepSelection, readKeptSelection } from './kept-selection.js';

/**
 * Which dead letters somebody has selected, also on other pages of the list and under other filters. A reload keeps them. Those that
 * are no longer dead are dropped when the list is read again.
 */
export interface Selection {
  readonly letters: readonly LetterKey[];
  /** The same, for each target. */
  readonly byTarget: readonly SelectedIds[];
  /** How many of them do not match the filter of the list, as far as that is known. */
  readonly elsewhereCount: number;
  /** The checkbox of a letter; one that is shown again is checked again. */
  checkboxOf(letter: LetterKey): HTMLInputElement;
  /** The page shows these. */
  showPage(letters: readonly LetterKey[]): void;
  drop(letter: LetterKey): void;
  clear(): void;
}

/** As the API takes it at once. */
const maxSelected = 1_000;

/** `filter` returns that of the list. */
export function createSelection(filter: () => ListFilter): Selection {
  const bar = byId('list-actions', HTMLElement);
  const ofPage = byId('select-page', HTMLInputElement);
  const count = byId('selection-count', HTMLElement);
  const clearButton = byId('selection-clear', HTMLButtonElement);
  const buttons = ['redeliver-selected', 'discard-selected'].map((id) => byId(id, HTMLButtonElement));
  const kept = readKeptSelection().slice(0, maxSelected);
  const selected = new Map<string, LetterKey>(kept.map((letter) => [keyOf(letter), letter]));
  const boxes = new Map<string, HTMLInputElement>();
  let page: readonly LetterKey[] = [];
  /** The keys of those that do not match the filter. */
  let elsewhere: ReadonlySet<string> = new Set();
  let lookCount = 0;

  const elsewhereCount = (): number => [...elsewhere].filter((key) => selected.has(key)).length;

  const showCount = (): void => {
    keepSelection([...selected.values()]);
    const isNone = selected.size === 0;
    const changing = [...buttons, clearButton];
    // They are about to be disabled, and hidden.
    if (isNone && changing.some((button) => button === document.activeElement)) ofPage.focus({ preventScroll: true });
    for (const button of changing) allowChange(button, !isNone);
    bar.dataset['selected'] = isNone ? 'none' : 'some';
    setText(count, isNone ? 'None selected' : selectedText(selected.size, elsewhereCount()));
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

  const clear = (): void => {
    for (const letter of [...selected.values()]) select(letter, false);
    showCount();
  };

  /** Asks which of them are still dead, and which match the filter. */
  const look = async (): Promise<void> => {
    lookCount += 1;
    const thisLook = lookCount;
    const asked = [...selected.values()];
    const narrowing = filter();
    try {
      const found = await Promise.all(idsByTarget(asked).map((ids) => lookUp(ids, narrowing)));
      if (thisLook !== lookCount) return;
      const dead = new Set(found.flatMap(({ isDead }) => isDead.map(keyOf)));
      const matching = new Set(found.flatMap(({ matches }) => matches.map(keyOf)));
      for (const letter of asked) if (!dead.has(keyOf(letter))) select(letter, false);
      elsewhere = new Set(asked.map(keyOf).filter((key) => dead.has(key) && !matching.has(key)));
      showCount();
    } catch {
      // The next page of the list asks again; redelivering and discarding leave out what is not dead.
    }
  };

  allowChange(ofPage).addEventListener('change', () => {
    for (const letter of page) select(letter, ofPage.checked);
    showCount();
  });
  clearButton.addEventListener('click', clear);

  return {
    get letters() {
      return [...selected.values()];
    },
    get byTarget() {
      return idsByTarget([...selected.values()]);
    },
    get elsewhereCount() {
      return elsewhereCount();
    },
    checkboxOf({ id, target }) {
      const box = allowChange(document.createElement('input'));
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
      if (selected.size > 0) void look();
    },
    drop(letter) {
      select(letter, false);
      showCount();
    },
    clear,
  };
}

/** A notification may be a dead letter of several targets. */
export function keyOf({ id, target }: LetterKey): string {
  return `${target} ${id}`;
}

/** Which of these are dead letters, and which of them match. */
async function lookUp(
  ids: SelectedIds,
  filter: ListFilter,
): Promise<{ readonly isDead: readonly LetterKey[]; readonly matches: readonly LetterKey[] }> {
  const isOtherTarget = filter.target !== '' && filter.target !== ids.target;
  const [isDead, matches] = await Promise.all([
    fetchSelected(ids, noFilter),
    isOtherTarget ? [] : fetchSelected(ids, filter),
  ]);
  return { isDead, matches };
}

function idsByTarget(letters: readonly LetterKey[]): readonly SelectedIds[] {
  const targets = [...new Set(letters.map(({ target }) => target))];
  return targets.map((target) => ({
    target,
    ids: letters.filter((letter) => letter.target === target).map(({ id }) => id),
  }));
}

/** `12 dead letters selected, 3 of them not in this list`. */
function selectedText(count: number, elsewhereCount: number): string {
  const all = `${countText(count, 'dead letter')} selected${count === maxSelected ? ', the most at once' : ''}`;
  if (elsewhereCount === 0) return all;
  return `${all}, ${elsewhereCount === count ? '' : `${numberText(elsewhereCount)} of them `}not in this list`;
}
