import type { DeadLetterPage } from '../api-contract.js';
import type { LetterKey } from './api-client.js';
import { allowChange } from './change-control.js';
import { attemptsText } from './attempts-text.js';
import { makeListItem } from './list-item.js';
import { keyOf, type Selection } from './selection.js';
import { makeReason } from './reason-text.js';
import { byId, dayAndTimeText, make, timeElement, unseen } from './element.js';

type Letter = DeadLetterPage['letters'][number];
export type LetterAction = 'redeliver' | 'discard';

/** The list of dead letters. A letter that stays keeps its element, and with it the focus. */
export interface LetterList {
  show(letters: readonly Letter[]): void;
  /** Removes one. If it had the focus, that moves to the same button of its neighbour, or else to the heading. */
  remove(letter: LetterKey, action: LetterAction): void;
}

export function createLetterList(
  onAction: (letter: LetterKey, action: LetterAction) => void,
  selection: Selection,
): LetterList {
  const list = byId('dead-list', HTMLOListElement);
  const heading = byId('list-heading', HTMLElement);
  const items = new Map<string, { readonly position: number; readonly item: HTMLLIElement }>();

  const itemOf = (letter: Letter): HTMLLIElement => {
    const known = items.get(keyOf(letter));
    // One that died again has a new position, and perhaps another reason.
    if (known?.position === letter.position) return known.item;
    const item = makeItem(letter, onAction, selection.checkboxOf(letter));
    items.set(keyOf(letter), { position: letter.position, item });
    return item;
  };

  const focusNear = (item: Element, action: LetterAction): void => {
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    const button = neighbour?.querySelector<HTMLButtonElement>(`[data-action="${action}"]`);
    (button ?? heading).focus();
  };

  return {
    show(letters) {
      const shown = new Set(letters.map(keyOf));
      for (const [key, { item }] of items) {
        if (shown.has(key)) continue;
        if (item.contains(document.activeElement)) focusNear(item, 'redeliver');
        item.remove();
        items.delete(key);
      }
      for (const [index, letter] of letters.entries()) {
        const item = itemOf(letter);
        // An element that is moved loses the focus.
        if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      }
      while (list.children.length > letters.length) list.lastElementChild?.remove();
      selection.showPage(letters);
    },

    remove(letter, action) {
      const known = items.get(keyOf(letter));
      if (known === undefined) return;
      if (known.item.contains(document.activeElement)) focusNear(known.item, action);
      known.item.remove();
      items.delete(keyOf(letter));
    },
  };
}

function makeItem(
  letter: Letter,
  onAction: (letter: LetterKey, action: LetterAction) => void,
  checkbox: HTMLInputElement,
): HTMLLIElement {
  const { id, reason, attempts, diedAt } = letter;
  const status = reason.status === undefined ? reason.kind : `${String(reason.status)} ${reason.kind}`;
  const badge = make('span', 'badge', status);
  badge.dataset['level'] = 'failing';
  const when = timeElement(diedAt, dayAndTimeText(diedAt));
  const facts = make('span', 'letter-facts', when, ` · ${attemptsText({ id, attempts })}`);
  const why = [make('p', '', badge, ' ', facts), makeReason(reason.detail)];
  const actions = [
    actionButton('Redeliver', id, () => {
      onAction(letter, 'redeliver');
    }),
    actionButton('Discard', id, () => {
      onAction(letter, 'discard');
    }),
  ];
  return makeListItem(letter, { checkbox, why, actions });
}

function actionButton(name: 'Redeliver' | 'Discard', id: string, onClick: () => void): HTMLButtonElement {
  const tone = name === 'Discard' ? ' button-danger' : '';
  const button = allowChange(make('button', `button${tone}`, name, unseen(` ${id}`)));
  button.type = 'button';
  button.dataset['action'] = name.toLowerCase();
  button.addEventListener('click', onClick);
  return button;
}
