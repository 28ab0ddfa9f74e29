import type { DeliveredPage } from '../api-contract.js';
import { exactDurationText } from '../../core/duration-text.js';
import { attemptsText, isAsAccepted } from './attempts-text.js';
import { fetchDelivered, fetchDeliveredCount } from './api-client.js';
import { byId, dayAndTimeText, make, timeElement } from './element.js';
import type { ListKind } from './list-kind.js';
import { makeListItem } from './list-item.js';

type Entry = DeliveredPage['delivered'][number];

/** What was delivered and is kept, newest first. */
export function createDeliveredKind(): ListKind {
  const list = byId('delivered-list', HTMLOListElement);
  let shown = '';
  return {
    name: 'delivered',
    heading: 'Delivered',
    noneText: 'Nothing that was delivered is kept.',
    noMatchText: 'Nothing of what is kept matches.',
    searchHint: 'Id, type, lane or status',
    ownFilters: [],
    path: 'delivered',
    async fetch(filter, cursor) {
      const [{ delivered, older }, count] = await Promise.all([
        fetchDelivered({ before: cursor, filter }),
        fetchDeliveredCount(filter),
      ]);
      return {
        shownCount: delivered.length,
        total: { count, isAtLeast: false },
        next: older,
        show() {
          const current = JSON.stringify(delivered);
          // A selection of text in it would be lost.
          if (current === shown) return;
          shown = current;
          list.replaceChildren(...delivered.map(makeItem));
        },
      };
    },
    revisionOf: ({ stats, counts }) => JSON.stringify([stats.delivered, counts?.delivered]),
  };
}

function makeItem(entry: Entry): HTMLLIElement {
  const { status, acceptedAt, deliveredAt } = entry;
  const badge = make('span', 'badge', `${String(status)} delivered`);
  badge.dataset['level'] = 'fine';
  const when = timeElement(deliveredAt, dayAndTimeText(deliveredAt));
  const age = `${exactDurationText(Math.max(0, deliveredAt - acceptedAt))} after it was accepted${isAsAccepted(entry) ? '' : ' or redelivered'}`;
  const why = [make('p', '', badge, ' ', when, ` · ${attemptsText(entry)}`), make('p', 'letter-facts', age)];
  return makeListItem(entry, { why });
}
