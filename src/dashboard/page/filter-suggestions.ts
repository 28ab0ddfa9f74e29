import { furtherTypes } from '../../history/history.js';
import type { DeadGroup } from '../../outbox/outbox.js';
import type { Overview } from '../api-contract.js';
import { byId, make } from './element.js';

/** What the fields of the filter suggest: the types, targets and statuses that there are, as far as the page knows them. */
export function createFilterSuggestions(): (
  overview: Pick<Overview, 'byType' | 'targets'>,
  groups: readonly DeadGroup[],
) => void {
  const showTypes = createSuggestions('known-types');
  const showTargets = createSuggestions('known-targets');
  const showStatuses = createSuggestions('known-statuses');
  return ({ byType, targets }, groups) => {
    const counted = byType?.counts ?? [];
    const counts = counted.filter(({ type }) => type !== furtherTypes);
    showTypes([...counts, ...groups].map(({ type }) => type));
    // Also those that are no longer configured.
    showTargets([...targets.map(({ name }) => name), ...[...counted, ...groups].map(({ target }) => target)]);
    showStatuses(groups.map(({ status }) => String(status ?? 0)));
  };
}

function createSuggestions(id: string): (values: readonly string[]) => void {
  const list = byId(id, HTMLDataListElement);
  let shown = '';
  return (values) => {
    const sorted = [...new Set(values)].sort();
    const current = JSON.stringify(sorted);
    // New elements would close the list that somebody chooses from.
    if (current === shown) return;
    shown = current;
    list.replaceChildren(...sorted.map(makeOption));
  };
}

function makeOption(value: string): HTMLOptionElement {
  const option = make('option', '');
  option.value = value;
  return option;
}
