import type { DeadGroup } from '../../outbox/outbox.js';
import { allowChange } from './change-control.js';
import { dayAndTimeText, make, numberText, timeElement, unseen } from './element.js';
import { makeReason } from './reason-text.js';

export interface GroupActions {
  /** Lists the letters of a group. */
  readonly list: (group: DeadGroup) => void;
  /** Redelivers the newest of a group, to see whether it is taken now. */
  readonly test: (group: DeadGroup) => void;
  readonly redeliver: (group: DeadGroup) => void;
  readonly discard: (group: DeadGroup) => void;
}

/** What is shown of a group of dead letters; without buttons if none of it is left. */
export function makeGroupParts(group: DeadGroup, hasTargets: boolean, actions: GroupActions): readonly HTMLElement[] {
  const { target, type, reason, status, count, diedAt, detail } = group;
  const badge = make('span', 'badge', status === undefined ? reason : `${String(status)} ${reason}`);
  badge.dataset['level'] = 'failing';
  const heading = make('h3', 'letter-type', numberText(count), ' × ', type);
  // Its button may have had the focus.
  heading.tabIndex = -1;
  return [
    make('div', 'letter-what', heading, make('p', 'letter-facts', badge, hasTargets ? ` at ${target}` : '')),
    make(
      'div',
      'letter-why',
      make('p', 'letter-facts', 'latest ', timeElement(diedAt, dayAndTimeText(diedAt))),
      makeReason(detail),
    ),
    ...(count === 0 ? [] : [make('div', 'letter-actions', ...buttonsOf(group, actions))]),
  ];
}

function buttonsOf(group: DeadGroup, actions: GroupActions): readonly HTMLButtonElement[] {
  const { target, type, reason, status, count } = group;
  const button = (text: string, action: keyof GroupActions, tone = ''): HTMLButtonElement => {
    const of = ` of ${type}, ${String(status ?? reason)} at ${target}`;
    const made = make('button', `button ${tone}`.trim(), text, unseen(of));
    made.type = 'button';
    made.dataset['action'] = action;
    made.addEventListener('click', () => {
      actions[action](group);
    });
    return made;
  };
  const all = count === 1 ? 'it' : `all ${numberText(count)}`;
  return [
    button('List', 'list'),
    allowChange(button('Redeliver one as a test', 'test')),
    allowChange(button(`Redeliver ${all}`, 'redeliver')),
    allowChange(button(`Discard ${all}`, 'discard', 'button-danger')),
  ];
}
