import type { Overview } from '../api-contract.js';
import type { Address, KindName, ListFilter } from './address.js';
import { exportUrl, failureOf } from './api-client.js';
import { byId, numberText, setText } from './element.js';
import { createFilterForm } from './filter-form.js';
import type { FetchedPage, ListKind } from './list-kind.js';

/** The list of notifications: of one kind at a time, one page of those that match a filter. */
export interface ListsSection {
  /** Reads the list again if it may have changed. */
  follow(overview: Overview): void;
  /** The address has changed. Resolves once the list was read. */
  showAddress(): Promise<void>;
  /** Reads the list again. */
  read(): Promise<void>;
}

/** The list is not refreshed more often, and reading it takes a twentieth of the time at most. */
const refreshMs = 3_000;
const restFactor = 20;

export function createListsSection(kinds: Readonly<Record<KindName, ListKind>>, address: () => Address): ListsSection {
  const heading = byId('list-heading', HTMLElement);
  const outcome = byId('list-outcome', HTMLElement);
  const empty = byId('list-empty', HTMLElement);
  const pages = byId('list-pages', HTMLElement);
  const previous = byId('list-previous', HTMLButtonElement);
  const next = byId('list-next', HTMLButtonElement);
  const links = (['csv', 'json'] as const).map((format) => ({
    format,
    link: byId(`export-${format}`, HTMLAnchorElement),
  }));
  const form = createFilterForm((filter) => {
    address().show({ filter, page: 1, cursor: null });
  });

  let nextCursor: number | null = null;
  let shownRevision = '';
  let readAgainAtMs = -Infinity;
  let readCount = 0;

  const read = async (): Promise<void> => {
    readCount += 1;
    const thisRead = readCount;
    const startedAtMs = performance.now();
    readAgainAtMs = startedAtMs + refreshMs;
    const { kind: name, filter, cursor, page } = address().state;
    try {
      const fetched = await kinds[name].fetch(filter, cursor);
      // A later read may already have got its response.
      if (thisRead !== readCount) return;
      const tookMs = performance.now() - startedAtMs;
      readAgainAtMs = startedAtMs + Math.max(refreshMs, tookMs * restFactor);
      if (fetched.shownCount === 0 && cursor !== null) {
        address().show({ page: 1, cursor: null });
        return;
      }
      nextCursor = fetched.next;
      fetched.show();
      showPaging(fetched, page, kinds[name], filter);
    } catch (error) {
      // The next overview reads it again; the status line at the top says what is wrong.
      if (thisRead === readCount) shownRevision = '';
      if (failureOf(error) === 'unavailable') setText(outcome, 'The list could not be read.');
    }
  };

  const showPaging = (
    { shownCount, total: { count, isAtLeast } }: FetchedPage,
    page: number,
    kind: ListKind,
    filter: ListFilter,
  ): void => {
    empty.hidden = shownCount > 0;
    setText(empty, isFiltered(filter) ? kind.noMatchText : kind.noneText);
    const isFirst = address().state.cursor === null;
    pages.hidden = shownCount === 0;
    // Not `disabled`: the button that was just pressed would lose the focus.
    previous.setAttribute('aria-disabled', String(isFirst));
    next.setAttribute('aria-disabled', String(nextCursor === null));
    const total = `${isAtLeast ? 'at least ' : ''}${numberText(count)}`;
    // How many are before a later page changes while it is shown.
    const shown = isFirst
      ? `1–${numberText(Math.min(count, shownCount))}`
      : `Page ${numberText(page)}: ${numberText(shownCount)}`;
    setText(byId('list-page', HTMLElement), `${shown} of ${total}`);
  };

  next.addEventListener('click', () => {
    const { page, cursor } = address().state;
    if (nextCursor !== null) address().show({ cursor: nextCursor, page: page + 1 }, [...address().earlier, cursor]);
  });
  previous.addEventListener('click', () => {
    const { page, cursor } = address().state;
    const { earlier } = address();
    if (cursor === null) return;
    // Whoever came by a link goes to the first page.
    const [before = null] = earlier.slice(-1);
    address().show({ cursor: before, page: earlier.length === 0 ? 1 : page - 1 }, earlier.slice(0, -1));
  });

  return {
    read,
    follow(overview) {
      const kind = kinds[address().state.kind];
      const revision = `${kind.name} ${kind.revisionOf(overview)}`;
      if (revision === shownRevision || readAgainAtMs > performance.now()) return;
      shownRevision = revision;
      void read();
    },
    showAddress() {
      const { kind: name, filter } = address().state;
      const kind = kinds[name];
      setText(heading, kind.heading);
      for (const part of document.querySelectorAll<HTMLElement>('#lists [data-kind]'))
        part.hidden = part.dataset['kind']?.split(' ').includes(name) !== true;
      form.show(filter, kind);
      for (const { format, link } of links) link.href = exportUrl(kind.path, format, filter);
      return read();
    },
  };
}

/** Whether a filter selects less than all. */
export function isFiltered(filter: ListFilter): boolean {
  return Object.values(filter).some((text) => text !== '');
}
