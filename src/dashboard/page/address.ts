import type { Range } from '../api-contract.js';

/** What the page shows, as far as it is part of its address: so that it outlives a reload, Back works, and it can be sent on. */
export interface PageState {
  readonly range: Range;
  readonly filter: LetterFilter;
  /** Of the list of dead letters: the number of the page, and the position below which it begins. */
  readonly page: number;
  readonly before: number | null;
  /** Of the notification that is shown; empty for the overview. */
  readonly id: string;
}

/** Which dead letters are listed. An empty text means all. */
export interface LetterFilter {
  readonly search: string;
  readonly target: string;
  readonly type: string;
  readonly reason: string;
  readonly status: string;
}

export const noFilter: LetterFilter = { search: '', target: '', type: '', reason: '', status: '' };

/** The page's address as its state. */
export interface Address {
  readonly state: PageState;
  /** Shows another state, which Back undoes. */
  show(change: Partial<PageState>): void;
}

const ranges: readonly Range[] = ['hour', 'day', 'week'];
const filterNames = ['search', 'target', 'type', 'reason', 'status'] as const;

/** `onChange` is called after every change, also by Back and Forward. The links of the ranges work without loading the page. */
export function createAddress(onChange: () => void): Address {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('#ranges a')];
  let state = stateOf(location.search);

  const showRange = (): void => {
    for (const link of links) {
      const { range } = stateOf(link.search);
      if (range === state.range) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  };
  const follow = (): void => {
    state = stateOf(location.search);
    showRange();
    onChange();
  };
  const show = (change: Partial<PageState>): void => {
    history.pushState(null, '', searchOf({ ...state, ...change }));
    follow();
  };

  for (const link of links) {
    link.addEventListener('click', (event) => {
      // With a key held down the browser opens it elsewhere.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show({ range: stateOf(link.search).range });
    });
  }
  // Links to notifications come and go.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>('a[data-notification]') : null;
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show({ id: link.dataset['notification'] ?? '' });
  });
  addEventListener('popstate', follow);
  showRange();
  return {
    get state() {
      return state;
    },
    show,
  };
}

function stateOf(search: string): PageState {
  const parameters = new URLSearchParams(search);
  const text = (name: string): string => parameters.get(name) ?? '';
  const before = /^\d{1,16}$/.test(text('before')) ? Number(text('before')) : null;
  const [target, type, reason, status] = [text('target'), text('type'), text('reason'), text('status')];
  return {
    range: ranges.find((range) => range === text('range')) ?? 'hour',
    filter: { search: text('search'), target, type, reason, status },
    page: before === null ? 1 : Math.max(1, Math.trunc(Number(text('page'))) || 1),
    before,
    id: text('id'),
  };
}

function searchOf({ range, filter, page, before, id }: PageState): string {
  const parameters = new URLSearchParams({ range });
  for (const name of filterNames) if (filter[name] !== '') parameters.set(name, filter[name]);
  if (before !== null) {
    parameters.set('before', String(before));
    parameters.set('page', String(page));
  }
  if (id !== '') parameters.set('id', id);
  return `?${parameters.toString()}`;
}
