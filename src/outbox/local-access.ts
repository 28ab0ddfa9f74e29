import { asPromise } from '../core/as-promise.js';
import { countPending, listPending } from './all-pending.js';
import { discardAll, listDead, redeliverAll, summariseDead } from './all-dead-letters.js';
import type { Outbox } from './outbox.js';
import type { OutboxAccess, OutboxReading } from './outbox-access.js';

/** The part of an outbox that changes nothing. */
export type OutboxToRead = Pick<
  Outbox,
  | 'counts'
  | 'targets'
  | 'readAfter'
  | 'searchPending'
  | 'countPending'
  | 'listDead'
  | 'searchDead'
  | 'groupOldest'
  | 'find'
  | 'placeInLane'
  | 'close'
>;

/** What is in an outbox on this machine. `now` is the clock of the stored instants, in milliseconds since 1970. */
export function createLocalAccess(outbox: Outbox, now: () => number): OutboxAccess {
  return {
    ...createLocalReading(outbox),
    tryNow: (id, target) => asPromise(() => outbox.tryNow(id, target)),
    redeliver: (id, target) => asPromise(() => outbox.redeliver(id, now(), target)),
    redeliverAll: (which, onPiece) => redeliverAll(outbox, { ...which, now, onPiece }),
    discard: (id, target) => asPromise(() => outbox.discard(id, target)),
    discardAll: (which, onPiece) => discardAll(outbox, { ...which, onPiece }),
  };
}

export function createLocalReading(outbox: OutboxToRead): OutboxReading {
  return {
    counts: (target) => asPromise(() => outbox.counts(target)),
    targets: () => asPromise(() => outbox.targets()),
    readAfter: (target, after, limit) => asPromise(() => outbox.readAfter(target, after, limit)),
    listPending: (query) => listPending(outbox, query),
    countPending: (filter) => countPending(outbox, filter),
    listDead: (query) => listDead(outbox, query),
    summariseDead: (filter) => summariseDead(outbox, filter),
    find: (id, target) => asPromise(() => outbox.find(id, target)),
    placeInLane: (target, lane, position) => asPromise(() => outbox.placeInLane(target, lane, position)),
    close: () =>
      asPromise(() => {
        outbox.close();
      }),
  };
}
