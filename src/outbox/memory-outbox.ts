import type { Use } from '../core/steady-clock.js';
import { addGroups } from './all-dead-letters.js';
import { matchesDead } from './matches-filter.js';
import { createMemoryPending } from './memory-pending.js';
import { createMemoryQueue, type MemoryQueue } from './memory-queue.js';
import {
  type AcceptedNotification,
  type DeadLetter,
  type DeadPiece,
  type DeadProgress,
  type DeadRange,
  firstPending,
  maxNeighbours,
  noCounts,
  type Outbox,
  type OutboxCounts,
  type PendingNotification,
  type Room,
  type Settlement,
  sumOfCounts,
  wantedAt,
} from './outbox.js';

interface DeadEntry {
  readonly letter: DeadLetter;
  readonly notification: AcceptedNotification;
}

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
  // In order of position: positions only grow, and entries are only added at the end.
  const dead = new Map<number, DeadEntry>();
  let lastDeadPosition = 0;
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

  const addDead = (entry: PendingNotification, settlement: Extract<Settlement, { kind: 'dead' }>): void => {
    lastDeadPosition += 1;
    const { target, id, type, lane, occurredAt, body, traceparent } = entry;
    const { attempts, diedAt, reason } = settlement;
    dead.set(lastDeadPosition, {
      letter: { target, id, type, lane, occurredAt, diedAt, attempts, reason, position: lastDeadPosition },
      notification: { target, id, type, lane, occurredAt, body, traceparent },
    });
    queueOf(target).dead += 1;
  };

  const redeliver = (chosen: readonly DeadEntry[], at: number): number => {
    for (const { letter, notification } of chosen) {
      dead.delete(letter.position);
      queueOf(letter.target).dead -= 1;
      add(notification, at);
    }
    return chosen.length;
  };

  const discard = (chosen: readonly DeadEntry[]): number => {
    for (const { letter } of chosen) {
      dead.delete(letter.position);
      queueOf(letter.target).dead -= 1;
      queueOf(letter.target).ids.delete(letter.id);
    }
    return chosen.length;
  };

  const deadWithId = (id: string, target: string | undefined): DeadEntry[] =>
    [...dead.values()].filter(({ letter }) => letter.id === id && (target ?? letter.target) === letter.target);

  /** Those of a range that match, oldest first, and where the range goes on. */
  const oldestIn = ({ after = 0, upTo, limit, ...filter }: DeadRange) => {
    const inRange = [...dead.values()].filter(({ letter: { position } }) => position > after && position <= upTo);
    const matches = matchesDead(filter);
    const seen = inRange.slice(0, limit);
    const next = seen.length < limit ? undefined : (seen.at(-1)?.letter.position ?? after);
    return { matching: seen.filter(({ letter }) => matches(letter)), next };
  };

  const changeOldest = (range: DeadRange, change: (chosen: readonly DeadEntry[]) => number): DeadProgress => {
    const { matching, next } = oldestIn(range);
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
        if (settlement.kind === 'dead') addDead(entry, settlement);
        else queue.ids.delete(entry.id);
      }
    },

    ...createMemoryPending(queues),

    counts: (target) => (target === undefined ? countsOfAll() : countsOf(queues.get(target))),
    targets: () => [...queues.keys()],

    listDead({ limit, before = Infinity, ...filter }) {
      const matches = matchesDead(filter);
      return [...dead.values()]
        .map(({ letter }) => letter)
        .filter((letter) => letter.position < before && matches(letter))
        .reverse()
        .slice(0, limit);
    },

    searchDead({ before, limit, ...filter }, most) {
      const newestFirst = [...dead.values()].map(({ letter }) => letter).reverse();
      const checked = newestFirst.filter(({ position }) => position < before).slice(0, limit);
      const matching = checked.filter(matchesDead(filter));
      const letters = matching.slice(0, most);
      const end = checked.length < limit ? undefined : checked.at(-1)?.position;
      return { letters, next: letters.length < most ? end : letters.at(-1)?.position };
    },

    groupOldest(range) {
      const { matching, next } = oldestIn(range);
      return { groups: groupsOf(matching.map(({ letter }) => letter)), next };
    },

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
        ...deadWithId(id, target).map(({ letter, notification: { body, traceparent } }) => {
          return { state: 'dead' as const, ...letter, body: Buffer.from(body), traceparent };
        }),
      ];
    },

    redeliver: (id, at, target) => redeliver(deadWithId(id, target), at),
    redeliverOldest: (range, at) => changeOldest(range, (chosen) => redeliver(chosen, at)),
    discard: (id, target) => discard(deadWithId(id, target)),
    discardOldest: (range) => changeOldest(range, discard),

    expireDead(before, limit) {
      return discard([...dead.values()].filter(({ letter: { diedAt } }) => diedAt < before).slice(0, limit));
    },

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

/** Oldest first. */
function groupsOf(letters: readonly DeadLetter[]): DeadPiece['groups'] {
  const groups = new Map<string, DeadPiece['groups'][number]>();
  for (const { target, type, reason, position, diedAt } of letters) {
    addGroups(groups, [{ target, type, reason: reason.kind, status: reason.status, count: 1, position, diedAt }]);
  }
  return [...groups.values()];
}

const unlimited: Room = { count: Infinity, bytes: Infinity };

function bytesOf(notifications: Iterable<AcceptedNotification>): number {
  let bytes = 0;
  for (const { body } of notifications) bytes += Buffer.byteLength(body);
  return bytes;
}
