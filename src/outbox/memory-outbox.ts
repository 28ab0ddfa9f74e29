import type { Use } from '../core/steady-clock.js';
import { createMemoryDeadLetters, type DeadEntry } from './memory-dead-letters.js';
import { createMemoryPending } from './memory-pending.js';
import { createMemoryQueue, type MemoryQueue } from './memory-queue.js';
import {
  type AcceptedNotification,
  type DeadProgress,
  type DeadRange,
  firstPending,
  maxNeighbours,
  noCounts,
  type Outbox,
  type OutboxCounts,
  type PendingNotification,
  type Room,
  sumOfCounts,
  wantedAt,
} from './outbox.js';

/** What the outbox has for one target. */
interface TargetEntries extends MemoryQueue {
  /** The ids of all entries, pending or dead. */
  readonly ids: Set<string>;
  /** The number of dead letters. */
  dead: number;
}

/**
 * The reference implementation of the contract, in memory. Its contents are lost when the process ends, so it is for tests and
 * for apps that can afford to lose notifications.
 */
export function createMemoryOutbox(): Outbox {
  /** One for each target. */
  const queues = new Map<string, TargetEntries>();
  const dead = createMemoryDeadLetters();
  let lastUse: Use = { from: 0, to: 0 };

  const queueOf = (target: string): TargetEntries => {
    const queue = queues.get(target) ?? Object.assign(createMemoryQueue(), { ids: new Set<string>(), dead: 0 });
    queues.set(target, queue);
    return queue;
  };

  const add = (notification: AcceptedNotification, acceptedAt: number): PendingNotification => {
    const queue = queueOf(notification.target);
    queue.ids.add(notification.id);
    // A copy, because the caller may go on to use its own.
    const body = Buffer.from(notification.body);
    return queue.add(firstPending(notification, { body, position: 0, acceptedAt }));
  };

  const redeliver = (chosen: readonly DeadEntry[], at: number): number => {
    for (const { letter, notification } of chosen) {
      dead.remove(letter);
      queueOf(letter.target).dead -= 1;
      add(notification, at);
    }
    return chosen.length;
  };

  const discard = (chosen: readonly DeadEntry[]): number => {
    for (const { letter } of chosen) {
      dead.remove(letter);
      queueOf(letter.target).dead -= 1;
      queueOf(letter.target).ids.delete(letter.id);
    }
    return chosen.length;
  };

  const changeOldest = (range: DeadRange, change: (chosen: readonly DeadEntry[]) => number): DeadProgress => {
    const { matching, next } = dead.oldestIn(range);
    return { count: change(matching), next };
  };

  const countsOf = (queue: TargetEntries | undefined): OutboxCounts => ({
    pending: queue?.pending.size ?? 0,
    pendingBytes: queue?.pendingBytes ?? 0,
    dead: queue?.dead ?? 0,
    oldestAcceptedAt: queue?.pending.values().next().value?.acceptedAt,
  });

  const countsOfAll = (): OutboxCounts => Array.from(queues.values(), countsOf).reduce(sumOfCounts, noCounts);

  return {
    append(batch, room = unlimited, at) {
      const added = new Set<AcceptedNotification>();
      const addedIds = new Map<string, Set<string>>();
      for (const notification of batch) {
        const { target, id } = notification;
        const ids = addedIds.get(target) ?? new Set();
        if (!ids.has(id) && queues.get(target)?.ids.has(id) !== true) added.add(notification);
        addedIds.set(target, ids.add(id));
      }
      const { pending, pendingBytes } = countsOfAll();
      if (pending + added.size > room.count || pendingBytes + bytesOf(added) > room.bytes) return undefined;
      lastUse = { ...lastUse, to: Math.max(lastUse.to, at ?? 0) };
      return Array.from(added, (notification) => add(notification, at ?? notification.occurredAt));
    },

    readAfter: (target, after, limit) => queues.get(target)?.readAfter(after, limit) ?? [],
    nextInLane: (target, lane, after) => queues.get(target)?.nextInLane(lane, after),
    readDue: (target, after, until, limit) => queues.get(target)?.readDue(after, until, limit) ?? [],

    settle(settlements) {
      for (const settlement of settlements) {
        const queue = queues.get(settlement.target);
        const entry = queue?.pending.get(settlement.position);
        if (queue === undefined || entry?.id !== settlement.id) continue;
        if (settlement.kind === 'retry') {
          const { attempts, nextAttemptAt } = settlement;
          queue.replace({ ...entry, attempts, nextAttemptAt });
          continue;
        }
        queue.remove(entry);
        if (settlement.kind === 'dead') {
          dead.add(entry, settlement);
          queue.dead += 1;
        } else queue.ids.delete(entry.id);
      }
    },

    ...createMemoryPending(queues),

    counts: (target) => (target === undefined ? countsOfAll() : countsOf(queues.get(target))),
    targets: () => [...queues.keys()],

    listDead: (query) => dead.listDead(query),
    searchDead: (range, most) => dead.searchDead(range, most),
    groupOldest: (range) => dead.groupOldest(range),

    tryNow(id, target) {
      const first = [...queues].flatMap(([name, queue]) =>
        [...queue.pending.values()].filter(
          (entry) =>
            entry.id === id &&
            (target ?? name) === name &&
            queue.nextInLane(entry.lane, 0)?.position === entry.position,
        ),
      );
      for (const entry of first) queues.get(entry.target)?.replace({ ...entry, nextAttemptAt: wantedAt });
      return first.length;
    },

    placeInLane(target, lane, position) {
      const inLane = [...(queues.get(target)?.pending.values() ?? [])].filter((entry) => entry.lane === lane);
      const previous = inLane.filter((entry) => entry.position < position).reverse();
      const next = inLane.filter((entry) => entry.position > position);
      const idsOf = (entries: readonly PendingNotification[]): string[] =>
        entries.slice(0, maxNeighbours).map(({ id }) => id);
      return { before: previous.length, after: next.length, previous: idsOf(previous), next: idsOf(next) };
    },

    find(id, target) {
      const waiting = [...queues.values()].flatMap(({ pending }) =>
        [...pending.values()].filter((entry) => entry.id === id && (target ?? entry.target) === entry.target),
      );
      return [
        ...waiting.map((entry) => ({ state: 'pending' as const, ...entry })),
        ...dead.withId(id, target).map(({ letter, notification: { body, traceparent } }) => {
          return { state: 'dead' as const, ...letter, body: Buffer.from(body), traceparent };
        }),
      ];
    },

    redeliver: (id, at, target) => redeliver(dead.withId(id, target), at),
    redeliverOldest: (range, at) => changeOldest(range, (chosen) => redeliver(chosen, at)),
    discard: (id, target) => discard(dead.withId(id, target)),
    discardOldest: (range) => changeOldest(range, discard),

    expireDead: (before, limit) => discard(dead.diedBefore(before, limit)),

    lastUse: () => lastUse,

    noteUse({ from, to }) {
      const isEmpty = countsOfAll().pending + dead.size === 0;
      lastUse = { from, to: isEmpty ? to : Math.max(lastUse.to, to) };
    },

    hasForeignChanges: () => false,

    generation: 0,

    maintain() {
      // Memory needs no maintenance.
    },

    close() {
      // Nothing to release: the memory is freed with the object.
    },
  };
}

const unlimited: Room = { count: Infinity, bytes: Infinity };

function bytesOf(notifications: Iterable<AcceptedNotification>): number {
  let bytes = 0;
  for (const { body } of notifications) bytes += Buffer.byteLength(body);
  return bytes;
}
