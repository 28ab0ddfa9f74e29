import type { Overview } from '../api-contract.js';
import { noFilter, type Address, type ListFilter } from './address.js';
import { discardAll, fetchDeadLetters, fetchSummary, redeliverAll } from './api-client.js';
import { allowChange } from './change-control.js';
import { createDeadLetterChanges, type OutcomePlace } from './dead-letter-changes.js';
import { byId, numberText, setText } from './element.js';
import { filterSentence } from './filter-text.js';
import { createGroupsSection, groupFilter } from './groups-section.js';
import { createLetterList } from './letter-list.js';
import type { ListKind } from './list-kind.js';
import { isFiltered } from './lists-section.js';
import { createSelection } from './selection.js';

/** The dead letters: what they died of, a page of them, and the buttons to redeliver and discard some or all. */
export interface DeadLettersKind extends ListKind {
  /** Shows what they died of, and how far a change is. Resolves once that was read, if it had to be. */
  follow(overview: Overview): Promise<void>;
}

/** A summary reads every dead letter, so it is not refreshed at every change. */
const refreshMs = 3_000;

/** `onChanged` is called after each change, and resolves once the list shows it. */
export function createDeadLettersKind(address: () => Address, onChanged: () => Promise<void>): DeadLettersKind {
  const all = byId('redeliver-all', HTMLButtonElement);
  const discardButton = byId('discard-all', HTMLButtonElement);
  const selection = createSelection(() => address().state.filter);
  const changes = createDeadLetterChanges(
    selection,
    () => list,
    async () => {
      await Promise.all([onChanged(), isGroupsOwnReading() ? readGroups() : undefined]);
    },
  );
  const list = createLetterList((letter, action) => void changes.one(letter, action, 'list'), selection);
  let latest: Overview | undefined;
  /** How many match the filter. */
  let matchCount = 0;
  let shownRevision = '';
  let readAtMs = -Infinity;

  const redeliverMatching = (place: OutcomePlace, filter: ListFilter, count: number): Promise<void> => {
    const from = latest?.at;
    return changes.redeliver(
      { place, count, about: filterSentence(filter) },
      {
        run: () => redeliverAll(filter),
        countDead: async () => (await fetchSummary(filter, from)).count,
      },
    );
  };
  const discardMatching = (place: OutcomePlace, filter: ListFilter, count: number): Promise<void> =>
    changes.discard({ place, count, about: filterSentence(filter) }, () => discardAll(filter));

  /** The list of all dead letters brings the same summary. */
  const isGroupsOwnReading = (): boolean => {
    const { kind, filter } = address().state;
    return kind !== 'dead' || isFiltered(filter);
  };
  const readGroups = async (): Promise<void> => {
    readAtMs = performance.now();
    try {
      showGroups(await fetchSummary(noFilter));
    } catch {
      // The next overview reads it again.
      shownRevision = '';
    }
  };

  const showGroups = createGroupsSection({
    list: (filter) => {
      address().show({ kind: 'dead', filter, page: 1, cursor: null });
      byId('list-heading', HTMLElement).focus();
    },
    test: ({ id, target }) => void changes.one({ id, target }, 'redeliver', 'groups'),
    redeliver: (group) => void redeliverMatching('groups', groupFilter(group), group.count),
    discard: (group) => void discardMatching('groups', groupFilter(group), group.count),
  });

  const showButtons = (filter: ListFilter): void => {
    for (const button of [all, discardButton]) allowChange(button, matchCount > 0);
    const scope = isFiltered(filter) ? ` ${numberText(matchCount)} that match` : '';
    setText(all, `Redeliver all${scope} …`);
    setText(discardButton, `Discard all${scope} …`);
  };

  all.addEventListener('click', () => void redeliverMatching('list', address().state.filter, matchCount));
  discardButton.addEventListener('click', () => void discardMatching('list', address().state.filter, matchCount));

  return {
    name: 'dead',
    heading: 'Dead letters',
    noneText: 'No dead letters.',
    noMatchText: 'No dead letter matches.',
    searchHint: 'Id, type, lane or reason',
    ownFilters: ['reason', 'status'],
    path: 'dead-letters',
    async fetch(filter, cursor) {
      const [summary, found] = await Promise.all([fetchSummary(filter), fetchDeadLetters({ before: cursor, filter })]);
      return {
        shownCount: found.letters.length,
        total: { count: summary.count, isAtLeast: false },
        next: found.older,
        show() {
          matchCount = summary.count;
          if (!isFiltered(filter)) showGroups(summary);
          list.show(found.letters);
          showButtons(filter);
        },
      };
    },
    revisionOf: ({ deadRevision }) => deadRevision,
    async follow(overview) {
      latest = overview;
      changes.follow(overview);
      const isDue = overview.deadRevision !== shownRevision && readAtMs + refreshMs <= performance.now();
      if (!isDue || !isGroupsOwnReading()) return;
      shownRevision = overview.deadRevision;
      await readGroups();
    },
  };
}
