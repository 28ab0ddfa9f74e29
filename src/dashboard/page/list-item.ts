import { make, unseen } from './element.js';
import { notificationLink } from './notification-link.js';

/** What every entry of a list shows. */
export interface ListedNotification {
  readonly id: string;
  readonly target: string;
  readonly type: string;
  readonly lane: string;
}

export interface ListItemParts {
  /** What it can be selected with, if it can. */
  readonly checkbox?: HTMLInputElement;
  /** What is particular to its list. */
  readonly why: readonly Node[];
  readonly actions?: readonly Node[];
}

/** An entry of the list of what is pending, dead or delivered. */
export function makeListItem(
  { id, target, type, lane }: ListedNotification,
  { checkbox, why, actions = [] }: ListItemParts,
): HTMLLIElement {
  const what = make(
    'div',
    'letter-what',
    make('h3', 'letter-type', ...(checkbox === undefined ? [] : [checkbox, ' ']), type),
    make('p', 'letter-id', notificationLink(id)),
    make('p', 'letter-facts', unseen('lane '), make('span', 'code', lane), ` to ${target}`),
  );
  const doing = actions.length === 0 ? [] : [make('div', 'letter-actions', ...actions)];
  return make('li', 'letter panel', what, make('div', 'letter-why', ...why), ...doing);
}
