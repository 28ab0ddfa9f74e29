import type { Range } from '../api-contract.js';

/** What the page shows, as far as it is part of its address: so that it outlives a reload, Back works, and it can be sent on. */
export interface PageState {
  readonly range: Range;
  /** Which notifications are listed. */
  readonly kind: KindName;
  readonly filter: ListFilter;
  /** Of the list: the number of the page, and the place after which it begins; null for the first page. */
  readonly page: number;
  readonly cursor: number | null;
  /** Of the notification that is shown; empty for the overview. */
  readonly id: string;
}

export type KindName = 'dead' | 'pending' | 'delivered';

/** Which notifications are listed. An empty text means all. */
export type ListFilter = Readonly<Record<FilterName, string>>;

/** As in the API. Instants are in milliseconds since 1970. */
export const filterNames = [
  ...(['search', 'target', 'type', 'lane', 'reason', 'status', 'attempts', 'from', 'to'] as const),
];
export type FilterName = (typeof filterNames)[number];

export const noFilter = filterOf(() => '');

/** The filter with this value of each name. */
export function filterOf(valueOf: (name: FilterName) => string): ListFilter {
  return Object.fromEntries(filterNames.map((name) => [name, valueOf(name)])) as ListFilter;
}

/** The page's address as its state. */
export interface Address {
  readonly state: PageState;
  /** The cursors of the pages of the list that led to this one; none after a link that was sent on. */
  readonly earlier: readonly (number | null)[];
  /** Shows another state, which Back undoes. */
  show(change: Partial<PageState>, earlier?: Address['earlier']): void;
}

const ranges: readonly Range[] = ['hour', 'day', 'week'];
const kinds: readonly KindName[] = ['dead', 'pending', 'delivered'];

/** What both kinds have. */
const commonNames: readonly FilterName[] = ['search', 'target', 'type', 'lane', 'from', 'to'];

/**
 * `onChange` is called after every change, also by Back and Forward. The page's links with a query work without loading the page;
 * `onLink` is called after one that leads to the list from elsewhere.
 */
export function createAddress(onChange: () => void, onLink: () => void): Address {
  let state = stateOf(location.search);

  const showCurrent = (): void => {
    for (const link of document.querySelectorAll<HTMLAnchorElement>('#ranges a, #kinds a')) {
      const { range, kind } = stateOf(link.search);
      if (link.closest('#ranges') === null ? kind === state.kind : range === state.range)
        link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };
  const follow = (): void => {
    state = stateOf(location.search);
    showCurrent();
    onChange();
  };
  const earlierNow = (): Address['earlier'] =>
    (history.state as { readonly earlier?: Address['earlier'] } | null)?.earlier ?? [];
  const show = (change: Partial<PageState>, earlier = change.cursor === undefined ? earlierNow() : []): void => {
    history.pushState({ earlier }, '', searchOf({ ...state, ...change }));
    follow();
  };

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="?"]') : null;
    // With a key held down the browser opens it elsewhere.
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { range, kind, filter, id } = stateOf(link.search);
    if (link.dataset['notification'] !== undefined) show({ id });
    else if (link.closest('#ranges') !== null) show({ range });
    else if (link.closest('#kinds') === null) {
      show({ kind, filter, page: 1, cursor: null });
      onLink();
    } else {
      const common = filterOf((name) => (commonNames.includes(name) ? state.filter[name] : ''));
      show({ kind, filter: common, page: 1, cursor: null });
    }
  });
  addEventListener('popstate', follow);
  showCurrent();
  return {
    get state() {
      return state;
    },
    get earlier() {
      return earlierNow();
    },
    show,
  };
}

function stateOf(search: string): PageState {
  const parameters = new URLSearchParams(search);
  const text = (name: string): string => parameters.get(name) ?? '';
  const cursor = /^\d{1,16}$/.test(text('cursor')) ? Number(text('cursor')) : null;
  return {
    range: ranges.find((range) => range === text('range')) ?? 'hour',
    kind: kinds.find((kind) => kind === text('kind')) ?? 'dead',
    filter: filterOf(text),
    page: cursor === null ? 1 : Math.max(1, Math.trunc(Number(text('page'))) || 1),
    cursor,
    id: text('id'),
  };
}

function searchOf({ range, kind, filter, page, cursor, id }: PageState): string {
  const parameters = new URLSearchParams({ range, kind });
  for (const name of filterNames) if (filter[name] !== '') parameters.set(name, filter[name]);
  if (cursor !== null) {
    parameters.set('cursor', String(cursor));
    parameters.set('page', String(page));
  }
  if (id !== '') parameters.set('id', id);
  return `?${parameters.toString()}`;
}
