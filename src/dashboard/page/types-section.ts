import { furtherTypes, type TypeCounts } from '../../history/history.js';
import type { Overview } from '../api-contract.js';
import { byId, make, numberText, setText, unseen } from './element.js';

/** The table of what happened to each type in the time of the charts, hidden while there is nothing in it. */
export function createTypesSection(): (overview: Pick<Overview, 'byType' | 'counts' | 'targets'>) => void {
  const section = byId('types', HTMLElement);
  const note = byId('types-note', HTMLElement);
  const targetHead = byId('types-target', HTMLTableCellElement);
  const rows = byId('types-rows', HTMLTableSectionElement);
  let shown = '';

  return ({ byType, counts, targets }) => {
    if (byType === null || counts === null) {
      setText(note, 'cannot be read now');
      return;
    }
    section.hidden = byType.count === 0;
    const { range } = counts;
    const names = [...targets.map(({ name }) => name), ...byType.counts.map(({ target }) => target)];
    const hasTargets = new Set(names).size > 1;
    const current = JSON.stringify([byType, range, hasTargets]);
    if (current === shown) return;
    shown = current;
    const most = byType.count > byType.counts.length ? `, the ${numberText(byType.counts.length)} most accepted` : '';
    const each = hasTargets ? ', for each target' : '';
    setText(note, `in the past ${range}, of all processes${each}${most}`);
    targetHead.hidden = !hasTargets;
    const focused = document.activeElement?.getAttribute('data-type-row') ?? null;
    rows.replaceChildren(...byType.counts.map((ofType) => rowOf(ofType, hasTargets, range)));
    const again = [...rows.querySelectorAll<HTMLElement>('[data-type-row]')];
    if (focused !== null) again.find((link) => link.dataset['typeRow'] === focused)?.focus({ preventScroll: true });
  };
}

function rowOf(ofType: TypeCounts, hasTargets: boolean, range: string): HTMLElement {
  const { target, type, accepted, delivered, retried, dead } = ofType;
  const head = make('th', '', type === furtherTypes ? type : linkTo(type, target, range));
  head.scope = 'row';
  const figures = [accepted, delivered, retried, dead].map((count) => make('td', 'number', numberText(count)));
  return make('tr', '', head, ...(hasTargets ? [make('td', '', target)] : []), ...figures);
}

/** Leads to the list of what is dead of a type. */
function linkTo(type: string, target: string, range: string): HTMLAnchorElement {
  const link = make('a', '', type, unseen(`, dead letters of it for ${target}`));
  link.href = `?${new URLSearchParams({ range, target, type }).toString()}`;
  link.dataset['typeRow'] = `${type} ${target}`;
  return link;
}
