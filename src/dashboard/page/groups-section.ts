import type { DeadGroup, DeadSummary } from '../../outbox/outbox.js';
import { countText } from '../../core/duration-text.js';
import { noFilter, type ListFilter } from './address.js';
import { byId, make, setText } from './element.js';
import { makeGroupParts, type GroupActions } from './group-parts.js';
import { notificationLink } from './notification-link.js';

/** What is wrong with the dead letters: how many died of what, the largest group first. Hidden if there are none. */
export interface GroupsSection {
  show(summary: DeadSummary): void;
  /** Those that were shown last. */
  readonly latest: readonly DeadGroup[];
  /** Says at a group what becomes of the one of it that is redelivered as a test. The group stays, though it may be empty by now. */
  say(group: DeadGroup, sentence: string): void;
  /** Says no more of it. */
  forget(group: DeadGroup): void;
}

interface ShownGroup {
  readonly item: HTMLLIElement;
  /** What changes with the group. Beside it, because what is announced must not be a new element. */
  readonly parts: HTMLElement;
  readonly outcome: HTMLElement;
  text: string;
}

export function createGroupsSection(actions: GroupActions): GroupsSection {
  const section = byId('groups', HTMLElement);
  const list = byId('groups-list', HTMLOListElement);
  const heading = byId('groups-heading', HTMLElement);
  const note = byId('groups-note', HTMLElement);
  const outcome = byId('groups-outcome', HTMLElement);
  const shown = new Map<string, ShownGroup>();
  const tested = new Map<string, DeadGroup>();
  let latest: readonly DeadGroup[] = [];

  /** A tested group that is empty by now keeps its place. */
  const groupsWithTested = (): readonly DeadGroup[] => {
    const all = [...latest];
    const keys = new Set(all.map(keyOfGroup));
    const places = [...list.children].map((item) => item.getAttribute('data-group'));
    for (const [key, group] of tested)
      if (!keys.has(key)) all.splice(Math.max(0, places.indexOf(key)), 0, { ...group, count: 0 });
    return all;
  };

  const shownOf = (key: string): ShownGroup => {
    const known = shown.get(key);
    if (known !== undefined) return known;
    const parts = make('div', 'group-parts');
    const said = make('p', 'outcome');
    said.setAttribute('role', 'status');
    const item = make('li', 'letter panel', parts, said);
    item.dataset['group'] = key;
    const made = { item, parts, outcome: said, text: '' };
    shown.set(key, made);
    return made;
  };

  const showItems = (): void => {
    const groups = groupsWithTested();
    const keys = groups.map(keyOfGroup);
    const hasTargets = new Set(groups.map(({ target }) => target)).size > 1;
    const focused = document.activeElement?.closest('[data-group]')?.getAttribute('data-group');
    const action = document.activeElement?.getAttribute('data-action');
    for (const [key, { item }] of shown) {
      if (keys.includes(key)) continue;
      item.remove();
      shown.delete(key);
    }
    for (const [index, group] of groups.entries()) {
      const one = shownOf(keyOfGroup(group));
      const text = JSON.stringify([group, hasTargets]);
      if (one.text !== text) one.parts.replaceChildren(...makeGroupParts(group, hasTargets, actions));
      one.text = text;
      if (list.children[index] !== one.item) list.insertBefore(one.item, list.children[index] ?? null);
    }
    // What has become of the last ones stays in sight, without a heading for what is not there.
    section.hidden = groups.length === 0 && outcome.textContent === '';
    heading.hidden = groups.length === 0;
    const again = typeof focused === 'string' ? shown.get(focused)?.item : undefined;
    if (again === undefined || again.contains(document.activeElement)) return;
    const button = again.querySelector<HTMLElement>(`[data-action="${action ?? ''}"]`);
    (button ?? again.querySelector('h3'))?.focus({ preventScroll: true });
  };

  return {
    get latest() {
      return latest;
    },
    show({ count, groups }) {
      latest = groups;
      const inGroups = `${countText(count, 'notification')} in ${countText(groups.length, 'group')}`;
      setText(note, count === 0 ? 'none is left' : inGroups);
      showItems();
    },
    say(group, sentence) {
      tested.set(keyOfGroup(group), group);
      showItems();
      const { outcome: said } = shownOf(keyOfGroup(group));
      if (said.dataset['said'] === sentence + group.id) return;
      said.dataset['said'] = sentence + group.id;
      said.replaceChildren(sentence, ' ', notificationLink(group.id));
    },
    forget(group) {
      const key = keyOfGroup(group);
      if (!tested.delete(key)) return;
      const said = shown.get(key)?.outcome;
      if (said !== undefined) delete said.dataset['said'];
      said?.replaceChildren();
      showItems();
    },
  };
}

/** What its letters have in common. */
export function keyOfGroup({ target, type, reason, status }: DeadGroup): string {
  return JSON.stringify([target, type, reason, status]);
}

/** The filter that selects exactly this group. */
export function groupFilter({ target, type, reason, status }: DeadGroup): ListFilter {
  return { ...noFilter, target, type, reason, status: String(status ?? 0) };
}
