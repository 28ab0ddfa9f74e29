import type { Overview } from '../api-contract.js';
import { countText } from '../../core/duration-text.js';
import { timelineText } from '../../history/timeline-text.js';
import { byId, dayAndSecondText, make, setText, timeElement } from './element.js';
import { notificationLink } from './notification-link.js';

type Changes = NonNullable<Overview['changes']>;

/** What people have done to dead letters and pauses in the time of the charts, hidden while that is nothing. */
export function createChangesSection(): (overview: Pick<Overview, 'changes' | 'counts'>) => void {
  const section = byId('changes', HTMLElement);
  const note = byId('changes-note', HTMLElement);
  const list = byId('changes-list', HTMLOListElement);
  let shown = '';

  return ({ changes, counts }) => {
    if (changes === null || counts === null) {
      setText(note, 'cannot be read now');
      return;
    }
    const { redelivered, discarded, latest } = changes;
    section.hidden = latest.length === 0;
    const sums = `${countText(redelivered, 'dead letter')} redelivered, ${discarded.toLocaleString('en')} discarded`;
    setText(note, `${sums} in the past ${counts.range}`);
    const current = JSON.stringify(latest);
    if (current === shown) return;
    shown = current;
    list.replaceChildren(...latest.map(itemOf));
  };
}

function itemOf(entry: Changes['latest'][number]): HTMLElement {
  const { at, id } = entry;
  const which = id === '' ? [] : [notificationLink(id, id.slice(-12)), ' '];
  return make('li', '', make('p', '', timeElement(at, dayAndSecondText(at)), ' ', ...which, timelineText(entry)));
}
