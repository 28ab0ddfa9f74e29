import type { Overview } from '../api-contract.js';
import { countText } from '../../core/duration-text.js';
import { noFilter, type Address, type LetterFilter } from './address.js';
import {
  discard,
  discardAll,
  failureOf,
  fetchDeadLetters,
  fetchSummary,
  type LetterKey,
  pageSize,
  redeliver,
  redeliverAll,
} from './api-client.js';
import { confirmByDialog } from './confirm-by-dialog.js';
import { byId, make, numberText, setText } from './element.js';
import { createGroupsSection, filterOf } from './groups-section.js';
import { createLetterList, type LetterAction } from './letter-list.js';
import { createRedeliveryWatch } from './redelivery-watch.js';

/** The dead letters: what they died of, one page of them, the search, and the buttons to redeliver and discard. */
export interface DeadLettersSection {
  /** Reads the lists again if they may have changed. */
  follow(overview: Overview): void;
  /** The address has changed. */
  showAddress(): void;
}

/** A search or a summary reads every dead letter, so it is not refreshed at every change. */
const refreshMs = 3_000;

export function createDeadLettersSection(address: () => Address, onChanged: () => void): DeadLettersSection {
  const outcome = byId('dead-outcome', HTMLElement);
  const empty = byId('dead-empty', HTMLElement);
  const pages = byId('dead-pages', HTMLElement);
  const newer = byId('dead-newer', HTMLButtonElement);
  const older = byId('dead-older', HTMLButtonElement);
  const all = byId('redeliver-all', HTMLButtonElement);
  const discardButton = byId('discard-all', HTMLButtonElement);
  const searchText = byId('search-text', HTMLInputElement);
  const list = createLetterList((letter, action) => void actOn(letter, action));
  const watch = createRedeliveryWatch((sentence) => {
    setText(outcome, sentence);
  });
  const showGroups = createGroupsSection({
    list: (filter) => {
      address().show({ filter, page: 1, before: null });
      byId('dead-heading', HTMLElement).focus();
    },
    test: ({ id, target }) => void actOn({ id, target }, 'redeliver'),
    redeliver: (group) => void redeliverMatching(filterOf(group), group.count),
    discard: (group) => void discardMatching(filterOf(group), group.count),
  });

  let latest: Overview | undefined;
  let olderCursor: number | null = null;
  /** How many match the filter. */
  let matchCount = 0;
  let shownRevision = '';
  let readAtMs = -Infinity;
  let readCount = 0;

  const read = async (): Promise<void> => {
    readCount += 1;
    const thisRead = readCount;
    readAtMs = performance.now();
    const { filter, before, page } = address().state;
    try {
      const [summary, matching, found] = await Promise.all([
        fetchSummary(noFilter),
        isFiltered(filter) ? fetchSummary(filter) : undefined,
        fetchDeadLetters({ before, filter }),
      ]);
      // A later read may already have got its response.
      if (thisRead !== readCount) return;
      if (found.letters.length === 0 && before !== null) {
        address().show({ page: 1, before: null });
        return;
      }
      showGroups(summary);
      matchCount = (matching ?? summary).count;
      olderCursor = found.older;
      list.show(found.letters);
      showPaging(found.letters.length, page);
    } catch (error) {
      // The next overview reads it again; the status line at the top says what is wrong.
      if (thisRead === readCount) shownRevision = '';
      if (failureOf(error) === 'unavailable') setText(outcome, 'The list could not be read.');
    }
  };

  const showPaging = (count: number, page: number): void => {
    const { filter, before } = address().state;
    empty.hidden = count > 0;
    setText(empty, isFiltered(filter) ? 'No dead letter matches.' : 'No dead letters.');
    showFilter(filter);
    pages.hidden = before === null && olderCursor === null;
    // Not `disabled`: the button that was just pressed would lose the focus.
    newer.setAttribute('aria-disabled', String(before === null));
    older.setAttribute('aria-disabled', String(olderCursor === null));
    const first = (page - 1) * pageSize + 1;
    setText(
      byId('dead-page', HTMLElement),
      `${numberText(first)}–${numberText(first + count - 1)} of ${numberText(matchCount)}`,
    );
    all.disabled = matchCount === 0;
    discardButton.disabled = matchCount === 0;
    const scope = isFiltered(filter) ? ` ${numberText(matchCount)} that match` : '';
    setText(all, `Redeliver all${scope} …`);
    setText(discardButton, `Discard all${scope} …`);
  };

  const act = async (work: () => Promise<string>): Promise<void> => {
    try {
      setText(outcome, await work());
    } catch {
      setText(outcome, 'This failed, or its response was lost. See the status line at the top.');
    }
    onChanged();
    await read();
  };

  const actOn = async (letter: LetterKey, action: LetterAction): Promise<void> => {
    const { id, target } = letter;
    if (action === 'discard') {
      const text = `${id} will be removed for good, and the CRM will never receive it.`;
      if (!(await confirmByDialog({ heading: 'Discard this dead letter?', text, yes: 'Discard' }))) return;
    }
    const unchanged = `${id} is no longer a dead letter; nothing was changed.`;
    await act(async () => {
      if (action === 'discard') {
        const count = await discard(letter);
        list.remove(letter, action);
        return count === 0 ? unchanged : `${id} was discarded.`;
      }
      const redelivered = await redeliver(letter);
      list.remove(letter, action);
      if (redelivered.redelivered === 0) return unchanged;
      watch.begin(id, redelivered, async () => (await fetchSummary({ ...noFilter, search: id, target })).count);
      return `${id} is pending again.`;
    });
  };

  const redeliverMatching = async (filter: LetterFilter, count: number): Promise<void> => {
    const heading = `Redeliver ${countText(count, 'dead letter')}?`;
    const text = 'They become pending again under their own ids, at the end of their lanes.';
    if (!(await confirmByDialog({ heading, text, yes: 'Redeliver' }))) return;
    const from = latest?.at;
    await act(async () => {
      const redelivered = await redeliverAll(filter);
      watch.begin(
        numberText(redelivered.redelivered),
        redelivered,
        async () => (await fetchSummary(filter, from)).count,
      );
      return `${countText(redelivered.redelivered, 'dead letter')} pending again.`;
    });
  };

  const discardMatching = async (filter: LetterFilter, count: number): Promise<void> => {
    const heading = `Discard ${countText(count, 'dead letter')}?`;
    const text = 'They will be removed for good, and the CRM will never receive them.';
    if (!(await confirmByDialog({ heading, text, yes: 'Discard' }))) return;
    await act(async () => `${countText(await discardAll(filter), 'dead letter')} discarded.`);
  };

  all.addEventListener('click', () => void redeliverMatching(address().state.filter, matchCount));
  discardButton.addEventListener('click', () => void discardMatching(address().state.filter, matchCount));
  older.addEventListener('click', () => {
    const { page } = address().state;
    if (olderCursor !== null) address().show({ before: olderCursor, page: page + 1 });
  });
  newer.addEventListener('click', () => {
    // The pages that led here are in the history.
    if (address().state.before !== null) history.back();
  });
  const startSearch = (): void => {
    const { filter } = address().state;
    const search = searchText.value.trim();
    if (search !== filter.search) address().show({ filter: { ...filter, search }, page: 1, before: null });
  };
  byId('search', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    startSearch();
  });
  // Emitted by the field's clear button and by Escape.
  searchText.addEventListener('search', startSearch);
  byId('dead-filter-clear', HTMLButtonElement).addEventListener('click', () => {
    address().show({ filter: noFilter, page: 1, before: null });
  });

  return {
    follow(overview) {
      latest = overview;
      void watch.follow(overview).catch(() => undefined);
      if (overview.deadRevision === shownRevision || readAtMs + refreshMs > performance.now()) return;
      shownRevision = overview.deadRevision;
      void read();
    },
    showAddress() {
      const { search } = address().state.filter;
      if (document.activeElement !== searchText || search === '') searchText.value = search;
      void read();
    },
  };
}

function isFiltered(filter: LetterFilter): boolean {
  return Object.values(filter).some((text) => text !== '');
}

/** What the list is narrowed down to, beside the text in the search field. */
function showFilter({ target, type, reason, status }: LetterFilter): void {
  const parts = [
    ['target', target],
    ['type', type],
    ['reason', reason],
    ['status', status === '0' ? 'none' : status],
  ].filter(([, text]) => text !== '');
  byId('dead-filter', HTMLElement).hidden = parts.length === 0;
  const shown = parts.map(([name = '', text = '']) => make('span', 'badge', `${name}: ${text}`));
  byId('dead-filter-parts', HTMLElement).replaceChildren(...shown.flatMap((part) => [part, ' ']));
}
