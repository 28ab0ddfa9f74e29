import { countText } from '../../core/duration-text.js';
import { nextAttemptOf } from '../../outbox/outbox.js';
import type { Overview, PendingPage } from '../api-contract.js';
import { fetchPending, fetchPendingCount } from './api-client.js';
import { byId, dayAndTimeText, make, timeElement, timeText } from './element.js';
import type { ListKind } from './list-kind.js';
import { makeListItem } from './list-item.js';

type Entry = PendingPage['entries'][number];

/** What is pending, each target's oldest first. `latest` returns the overview that was shown last. */
export function createPendingKind(latest: () => Overview | undefined): ListKind {
  const list = byId('pending-list', HTMLOListElement);
  let shown = '';

  const show = (entries: readonly Entry[]): void => {
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
    ownFilters: ['attempts'],
    path: 'pending',
    async fetch(filter, cursor) {
      const [{ entries, next }, total] = await Promise.all([
        fetchPending({ after: cursor, filter }),
        fetchPendingCount(filter),
      ]);
      return {
        shownCount: entries.length,
        total,
        next,
        show() {
          show(entries);
        },
      };
    },
    revisionOf: ({ stats, targets }) =>
      JSON.stringify([stats.pending, stats.delivered, stats.retried, stats.oldestAgeMs, targets.map(isPaused)]),
  };
}

function isPaused({ circuit, pause }: Overview['targets'][number]): boolean {
  return pause !== null || circuit === 'open' || circuit === 'half-open';
}

/** When the next attempt is made, in words. */
function nextAttemptText(entry: Entry, overview: Overview | undefined): string {
  const target = overview?.targets.find(({ name }) => name === entry.target);
  switch (nextAttemptOf(entry, Date.now(), target !== undefined && isPaused(target))) {
    case 'lane':
      return 'after the one before it in its lane';
    case 'pause':
      return 'paused: when delivery goes on';
    case 'instant':
      return `at ${timeText(entry.nextAttemptAt)}`;
    case 'nothing':
      return 'now';
  }
}

function makeItem(entry: Entry, next: string): HTMLLIElement {
  const { attempts, acceptedAt } = entry;
  const accepted = timeElement(acceptedAt, dayAndTimeText(acceptedAt));
  const why = [
    make('p', '', 'Next attempt: ', make('strong', '', next)),
    make('p', 'letter-facts', 'accepted ', accepted, ` · ${countText(attempts, 'attempt')}`),
  ];
  return makeListItem(entry, { why });
}
