import type { DeadGroup } from '../../outbox/outbox.js';
import type { Overview } from '../api-contract.js';
import { noFilter, type Address, type ListFilter } from './address.js';
import { discardAll, fetchDeadLetters, fetchSummary, redeliverAll } from './api-client.js';
import { allowChange } from './change-control.js';
import { createDeadLetterChanges, type OutcomePlace } from './dead-letter-changes.js';
import { byId, numberText, setText } from './element.js';
import { filterSentence } from './filter-text.js';
import { createGroupTests } from './group-tests.js';
import { createGroupsSection, groupFilter } from './groups-section.js';
import { createLetterList } from './letter-list.js';
import type { ListKind } from './list-kind.js';
import { isFiltered } from './lists-section.js';
import { createSelection } from './selection.js';
import { showListHeading } from './show-list-heading.js';

/** The dead letters: what they died of, a page of them, and the buttons to redeliver and discard some or all. */
export interface DeadLettersKind extends ListKind {
  /** Shows what they died of, and how far a change is. Resolves once that was read, if it had to be. */
  follow(overview: Overview): Promise<void>;
  /** What they died of, as it was read last. */
  readonly groups: readonly DeadGroup[];
}

/** Those that a change of many is about. */
interface Matching {
  readonly place: OutcomePlace;
  readonly filter: ListFilter;
  readonly count: number;
  /** Called once somebody has confirmed it. */
  readonly onBegin?: () => void;
}

/** A summary reads every dead letter, so it is not refreshed at every change. */
const refreshMs = 3_000;

/** `onChanged` is called after each change, and resolves once the list shows it. */
export function createDeadLettersKind(address: () => Address, onChanged: () => Promise<void>): DeadLettersKind {
  const all = byId('redeliver-all', HTMLButtonElement);
  const discardButton = byId('discard-all', HTMLButtonElement);
  const selection = createSelection(() => address().state.filter);
  const showChange = async (): Promise<void> => {
    await Promise.all([onChanged(), isGroupsOwnReading() ? readGroups() : undefined]);
  };
  const changes = createDeadLetterChanges(selection, () => list, showChange);
  const list = createLetterList((letter, action) => void changes.one(letter, action), selection);
  let latest: Overview | undefined;
  /** How many match the filter. */
  let matchCount = 0;
  let shownRevision = '';
  let readAtMs = -Infinity;

  const redeliverMatching = ({ place, filter, count, onBegin }: Matching): Promise<void> => {
    const from = latest?.at;
    return changes.redeliver(
      { place, count, about: filterSentence(filter) },
      {
        run() {
          onBegin?.();
          return redeliverAll(filter);
        },
        countDead: async () => (await fetchSummary(filter, from)).count,
      },
    );
  };
  const discardMatching = ({ place, filter, count, onBegin }: Matching): Promise<void> =>
    changes.discard({ place, count, about: filterSentence(filter) }, () => {
      onBegin?.();
      return discardAll(filter);
    });

  /** The list of all dead letters brings the same summary. */
  const isGroupsOwnReading = (): boolean => {
    const { kind, filter } = address().state;
    return kind !== 'dead' || isFiltered(filter);
  };
  const readGroups = async (): Promise<void> => {
    readAtMs = performance.now();
    try {
      groups.show(await fetchSummary(noFilter));
    } catch {
      // The next overview reads it again.
      shownRevision = '';
    }
  };

  const groups = createGroupsSection({
    list(group) {
      address().show({ kind: 'dead', filter: groupFilter(group), page: 1, cursor: null });
      showListHeading();
    },
    test: (group) => void tests.run(group),
    redeliver: (group) => void redeliverMatching(allOf(group)),
    discard: (group) => void discardMatching(allOf(group)),
  });
  const tests = createGroupTests({
    section: groups,
    redeliver: (letter) => changes.redeliverOne(letter),
    onChanged: showChange,
  });
  const allOf = (group: DeadGroup): Matching => ({
    place: 'groups',
    filter: groupFilter(group),
    count: group.count,
    onBegin() {
      tests.forget(group);
    },
  });

  const showButtons = (filter: ListFilter): void => {
    for (const button of [all, discardButton]) allowChange(button, matchCount > 0);
    const scope = isFiltered(filter) ? ` ${numberText(matchCount)} that match` : '';
    setText(all, `Redeliver all${scope} …`);
    setText(discardButton, `Discard all${scope} …`);
  };

  const allListed = (): Matching => ({ place: 'list', filter: address().state.filter, count: matchCount });
  all.addEventListener('click', () => void redeliverMatching(allListed()));
  discardButton.addEventListener('click', () => void discardMatching(allListed()));

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
          if (!isFiltered(filter)) groups.show(summary);
          list.show(found.letters);
          showButtons(filter);
        },
      };
    },
    get groups() {
      return groups.latest;
    },
    revisionOf: ({ deadRevision }) => deadRevision,
    async follow(overview) {
      latest = overview;
      changes.follow(overview);
      void tests.follow(overview);
      const isDue = overview.deadRevision !== shownRevision && readAtMs + refreshMs <= performance.now();
      if (!isDue || !isGroupsOwnReading()) return;
      shownRevision = overview.deadRevision;
      await readGroups();
    },
  };
}
