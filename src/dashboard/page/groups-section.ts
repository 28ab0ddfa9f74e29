import type { DeadGroup, DeadSummary } from '../../outbox/outbox.js';
import { countText } from '../../core/duration-text.js';
import { noFilter, type ListFilter } from './address.js';
import { allowChange } from './change-control.js';
import { byId, dayAndTimeText, make, numberText, setText, timeElement, unseen } from './element.js';
import { makeReason } from './reason-text.js';

export interface GroupActions {
  /** Lists the letters of a group. */
  readonly list: (filter: ListFilter) => void;
  /** Redelivers the newest of a group, to see whether it is taken now. */
  readonly test: (group: DeadGroup) => void;
  readonly redeliver: (group: DeadGroup) => void;
  readonly discard: (group: DeadGroup) => void;
}

/** What is wrong with the dead letters: how many died of what, the largest group first. Hidden if there are none. */
export function createGroupsSection(actions: GroupActions): (summary: DeadSummary) => void {
  const section = byId('groups', HTMLElement);
  const list = byId('groups-list', HTMLOListElement);
  const heading = byId('groups-heading', HTMLElement);
  const note = byId('groups-note', HTMLElement);
  const outcome = byId('groups-outcome', HTMLElement);
  let shown = '';

  return ({ count, groups }) => {
    // What has become of the last ones stays in sight, without a heading for what is not there.
    section.hidden = count === 0 && outcome.textContent === '';
    heading.hidden = count === 0;
    const current = JSON.stringify(groups);
    if (current === shown) return;
    shown = current;
    setText(note, `${countText(count, 'notification')} in ${countText(groups.length, 'group')}`);
    const focused = document.activeElement?.closest('[data-group]')?.getAttribute('data-group');
    const action = document.activeElement?.getAttribute('data-action');
    const hasTargets = new Set(groups.map(({ target }) => target)).size > 1;
    list.replaceChildren(...groups.map((group) => itemOf(group, hasTargets, actions)));
    if (typeof focused !== 'string') return;
    const again = [...list.children].find((item) => item.getAttribute('data-group') === focused);
    again?.querySelector<HTMLElement>(`[data-action="${action ?? ''}"]`)?.focus();
  };
}

/** The filter that selects exactly this group. */
export function groupFilter({ target, type, reason, status }: DeadGroup): ListFilter {
  return { ...noFilter, target, type, reason, status: String(status ?? 0) };
}

function itemOf(group: DeadGroup, hasTargets: boolean, actions: GroupActions): HTMLLIElement {
  const { target, type, reason, status, count, diedAt, detail } = group;
  const badge = make('span', 'badge', status === undefined ? reason : `${String(status)} ${reason}`);
  badge.dataset['level'] = 'failing';
  const name = `${type}, ${String(status ?? reason)}`;
  const button = (text: string, action: string, act: (group: DeadGroup) => void, tone = ''): HTMLButtonElement => {
    const made = make('button', `button ${tone}`.trim(), text, unseen(` of ${name} at ${target}`));
    made.type = 'button';
    made.dataset['action'] = action;
    made.addEventListener('click', () => {
      act(group);
    });
    return made;
  };
  const item = make(
    'li',
    'letter panel',
    make(
      'div',
      'letter-what',
      make('h3', 'letter-type', numberText(count), ' × ', type),
      make('p', 'letter-facts', badge, hasTargets ? ` at ${target}` : ''),
    ),
    make(
      'div',
      'letter-why',
      make('p', 'letter-facts', 'latest ', timeElement(diedAt, dayAndTimeText(diedAt))),
      makeReason(detail),
    ),
    make(
      'div',
      'letter-actions',
      button('List', 'list', () => {
        actions.list(groupFilter(group));
      }),
      allowChange(button('Redeliver one as a test', 'test', actions.test)),
      allowChange(
        button(count === 1 ? 'Redeliver it' : `Redeliver all ${numberText(count)}`, 'redeliver', actions.redeliver),
      ),
      allowChange(
        button(
          count === 1 ? 'Discard it' : `Discard all ${numberText(count)}`,
          'discard',
          actions.discard,
          'button-danger',
        ),
      ),
    ),
  );
  item.dataset['group'] = name + target;
  return item;
}
