import type { DeliveredPage } from '../api-contract.js';
import { durationText } from '../../core/duration-text.js';
import { fetchDelivered, fetchDeliveredCount } from './api-client.js';
import { byId, dayAndTimeText, make, numberText, timeElement, unseen } from './element.js';
import type { ListKind } from './list-kind.js';
import { notificationLink } from './notification-link.js';

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

function makeItem({ id, target, type, lane, attempts, status, acceptedAt, deliveredAt }: Entry): HTMLLIElement {
  const tries = `${numberText(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const badge = make('span', 'badge', `${String(status)} delivered`);
  badge.dataset['level'] = 'fine';
  const age = `${durationText(Math.max(0, deliveredAt - acceptedAt))} after it was accepted`;
  return make(
    'li',
    'letter panel',
    make(
      'div',
      'letter-what',
      make('h3', 'letter-type', type),
      make('p', 'letter-id', notificationLink(id)),
      make('p', 'letter-facts', unseen('lane '), make('span', 'code', lane), ` to ${target}`),
    ),
    make(
      'div',
      'letter-why',
      make('p', '', badge, ' ', timeElement(deliveredAt, dayAndTimeText(deliveredAt)), ` · ${tries}`),
      make('p', 'letter-facts', age),
    ),
  );
}
