import type { DeadLetterPage } from '../api-contract.js';
import { byId, dayAndTimeText, make, numberText, timeElement, unseen } from './element.js';

type Letter = DeadLetterPage['letters'][number];
export type LetterAction = 'redeliver' | 'discard';

/** The list of dead letters. A letter that stays keeps its element, and with it the focus. */
export interface LetterList {
  show(letters: readonly Letter[]): void;
  /** Removes one. If it had the focus, that moves to the same button of its neighbour, or else to the heading. */
  remove(id: string, action: LetterAction): void;
}

export function createLetterList(onAction: (id: string, action: LetterAction) => void): LetterList {
  const list = byId('dead-list', HTMLOListElement);
  const heading = byId('dead-heading', HTMLElement);
  const items = new Map<string, { readonly position: number; readonly item: HTMLLIElement }>();

  const itemOf = (letter: Letter): HTMLLIElement => {
    const known = items.get(letter.id);
    // One that died again has a new position, and perhaps another reason.
    if (known?.position === letter.position) return known.item;
    const item = makeItem(letter, onAction);
    items.set(letter.id, { position: letter.position, item });
    return item;
  };

  const focusNear = (item: Element, action: LetterAction): void => {
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    const button = neighbour?.querySelector<HTMLButtonElement>(`[data-action="${action}"]`);
    (button ?? heading).focus();
  };

  return {
    show(letters) {
      const shown = new Set(letters.map(({ id }) => id));
      for (const [id, { item }] of items) {
        if (shown.has(id)) continue;
        if (item.contains(document.activeElement)) focusNear(item, 'redeliver');
        item.remove();
        items.delete(id);
      }
      for (const [index, letter] of letters.entries()) {
        const item = itemOf(letter);
        // An element that is moved loses the focus.
        if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      }
      while (list.children.length > letters.length) list.lastElementChild?.remove();
    },

    remove(id, action) {
      const known = items.get(id);
      if (known === undefined) return;
      if (known.item.contains(document.activeElement)) focusNear(known.item, action);
      known.item.remove();
      items.delete(id);
    },
  };
}

function makeItem(letter: Letter, onAction: (id: string, action: LetterAction) => void): HTMLLIElement {
  const { id, type, lane, reason, attempts, diedAt } = letter;
  const status = reason.status === undefined ? reason.kind : `${String(reason.status)} ${reason.kind}`;
  const badge = make('span', 'badge', status);
  badge.dataset['level'] = 'failing';
  const tries = `${numberText(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  return make(
    'li',
    'letter panel',
    make(
      'div',
      'letter-what',
      make('h3', 'letter-type', type),
      make('p', 'letter-id code', id),
      make('p', 'letter-facts', unseen('lane '), make('span', 'code', lane)),
    ),
    make(
      'div',
      'letter-why',
      make(
        'p',
        '',
        badge,
        ' ',
        make('span', 'letter-facts', timeElement(diedAt, dayAndTimeText(diedAt)), ` · ${tries}`),
      ),
      make('p', 'letter-detail', reason.detail === '' ? 'no reason given' : reason.detail),
    ),
    make(
      'div',
      'letter-actions',
      actionButton('Redeliver', id, () => {
        onAction(id, 'redeliver');
      }),
      actionButton('Discard', id, () => {
        onAction(id, 'discard');
      }),
    ),
  );
}

function actionButton(name: 'Redeliver' | 'Discard', id: string, onClick: () => void): HTMLButtonElement {
  const button = make('button', 'button', name, unseen(` ${id}`));
  button.type = 'button';
  button.dataset['action'] = name.toLowerCase();
  button.addEventListener('click', onClick);
  return button;
}
