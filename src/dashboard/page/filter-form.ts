import { filterNames, filterOf, noFilter, type FilterName, type ListFilter } from './address.js';
import { byId, make } from './element.js';
import { filterPartText } from './filter-text.js';
import type { ListKind } from './list-kind.js';

/** The fields that narrow the list down, and what it is narrowed down to. */
export interface FilterForm {
  /** Shows a filter of the address. */
  show(filter: ListFilter, kind: ListKind): void;
}

/** `onFilter` gets the filter that somebody has entered, if it is another one. */
export function createFilterForm(onFilter: (filter: ListFilter) => void): FilterForm {
  const form = byId('search', HTMLFormElement);
  const searchText = byId('search-text', HTMLInputElement);
  const active = byId('list-filter', HTMLElement);
  const parts = byId('list-filter-parts', HTMLElement);
  let shown = noFilter;
  let kind: ListKind | undefined;

  const fieldOf = (name: FilterName): HTMLInputElement | HTMLSelectElement => {
    const found = form.elements.namedItem(name);
    if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
    throw new Error(`index.html has no field ${name}`);
  };

  const enter = (): void => {
    const entered = filterOf((name) => (isOf(name, kind) ? valueOf(fieldOf(name)) : ''));
    if (filterNames.some((name) => entered[name] !== shown[name])) onFilter(entered);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    enter();
  });
  // Emitted by the field's clear button and by Escape.
  searchText.addEventListener('search', enter);
  byId('list-filter-clear', HTMLButtonElement).addEventListener('click', () => {
    onFilter(noFilter);
  });

  return {
    show(filter, ofKind) {
      shown = filter;
      kind = ofKind;
      searchText.placeholder = ofKind.searchHint;
      for (const name of filterNames) {
        const field = fieldOf(name);
        // What is being typed stays.
        if (document.activeElement !== field || filter[name] === '') setValue(field, filter[name]);
        const label = field.closest('label');
        if (label !== null) label.hidden = !isOf(name, ofKind);
      }
      const narrowing = filterNames.filter((name) => name !== 'search' && filter[name] !== '' && isOf(name, ofKind));
      active.hidden = narrowing.length === 0;
      parts.replaceChildren(
        ...narrowing.flatMap((name) => [make('span', 'badge', filterPartText(name, filter[name])), ' ']),
      );
    },
  };
}

const ownNames: readonly FilterName[] = ['reason', 'status', 'attempts'];

function isOf(name: FilterName, kind: ListKind | undefined): boolean {
  return !ownNames.includes(name) || kind?.ownFilters.includes(name) === true;
}

/** Instants are entered in the device's time zone. */
function valueOf(field: HTMLInputElement | HTMLSelectElement): string {
  if (field.type !== 'datetime-local') return field.value.trim();
  const at = new Date(field.value).getTime();
  return Number.isNaN(at) ? '' : String(Math.max(0, at));
}

function setValue(field: HTMLInputElement | HTMLSelectElement, value: string): void {
  if (field.type !== 'datetime-local') field.value = value;
  else field.value = value === '' ? '' : localInstant(Number(value));
}

/** As the field takes it: without a time zone. */
function localInstant(at: number): string {
  const minutesAhead = new Date(at).getTimezoneOffset();
  return new Date(at - minutesAhead * 60_000).toISOString().slice(0, 19);
}
