import type { Overview, PendingPage } from '../api-contract.js';
import { attemptsText, isAsAccepted } from './attempts-text.js';
import { fetchPending, fetchPendingCount } from './api-client.js';
import { byId, dayAndTimeText, make, timeElement } from './element.js';
import type { ListKind } from './list-kind.js';
import { makeListItem } from './list-item.js';
import { nextAttemptText } from './next-attempt-text.js';

type Entry = PendingPage['entries'][number];

export interface PendingKind extends ListKind {
  /** Shows what each waits for now: an overview says what is paused. */
  follow(): void;
}

/** What is pending, each target's oldest first. `latest` returns the overview that was shown last. */
export function createPendingKind(latest: () => Overview | undefined): PendingKind {
  const list = byId('pending-list', HTMLOListElement);
  let entries: readonly Entry[] = [];
  let shown = '';

  const show = (): void => {
    const items = entries.map((entry) => ({ entry, next: nextAttemptText(entry, latest()) }));
    const current = JSON.stringify(items);
    // A selection of text in it would be lost.
    if (current === shown) return;
    shown = current;
    list.replaceChildren(...items.map(({ entry, next }) => makeItem(entry, next)));
  };

  return {
    name: 'pending',
    heading: 'Pending',
    noneText: 'Nothing is pending.',
    noMatchText: 'Nothing pending matches.',
    searchHint: 'Id, type or lane',
    ownFilters: ['attempts'],
    path: 'pending',
    async fetch(filter, cursor) {
      const [{ entries: found, next }, total] = await Promise.all([
        fetchPending({ after: cursor, filter }),
        fetchPendingCount(filter),
      ]);
      return {
        shownCount: found.length,
        total,
        next,
        show() {
          entries = found;
          show();
        },
      };
    },
    revisionOf: ({ stats }) => JSON.stringify([stats.pending, stats.delivered, stats.retried, stats.oldestAgeMs]),
    follow: show,
  };
}

function makeItem(entry: Entry, next: string): HTMLLIElement {
  const { acceptedAt } = entry;
  const accepted = timeElement(acceptedAt, dayAndTimeText(acceptedAt));
  const why = [
    make('p', '', 'Next attempt: ', make('strong', '', next)),
    make(
      'p',
      'letter-facts',
      isAsAccepted(entry) ? 'accepted ' : 'accepted or redelivered ',
      accepted,
      ` · ${attemptsText(entry)}`,
    ),
  ];
  return makeListItem(entry, { why });
}
