import { createMemoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { Outbox } from '../../src/outbox/outbox.js';

type WatchedMethod = Exclude<keyof Outbox, 'generation'>;

/** An outbox in memory that counts what is asked of it, and can be made to fail as a disk does. */
export interface WatchedOutbox extends Outbox {
  /** How many times each method was called. */
  readonly calls: Readonly<Record<WatchedMethod, number>>;
  /** From now on these methods throw; none for all is well again. */
  fail(...methods: readonly WatchedMethod[]): void;
}

export function createWatchedOutbox(outbox: Outbox = createMemoryOutbox()): WatchedOutbox {
  const calls: Record<WatchedMethod, number> = {
    append: 0,
    readAfter: 0,
    nextInLane: 0,
    readDue: 0,
    settle: 0,
    counts: 0,
    targets: 0,
    searchPending: 0,
    countPending: 0,
    listDead: 0,
    searchDead: 0,
    groupOldest: 0,
    find: 0,
    placeInLane: 0,
    tryNow: 0,
    redeliver: 0,
    redeliverOldest: 0,
    discardOldest: 0,
    lastUse: 0,
    noteUse: 0,
    discard: 0,
    expireDead: 0,
    hasForeignChanges: 0,
    maintain: 0,
    close: 0,
  };
  let failing: readonly WatchedMethod[] = [];
  const called = (method: WatchedMethod): void => {
    calls[method] += 1;
    if (failing.includes(method)) throw new Error(`disk I/O error in ${method}`);
  };
  const watched =
    <Given extends unknown[], Answer>(method: WatchedMethod, act: (...given: Given) => Answer) =>
    (...given: Given): Answer => {
      called(method);
      return act(...given);
    };
  return {
    calls,
    fail(...methods) {
      failing = methods;
    },
    append: watched('append', outbox.append),
    readAfter: watched('readAfter', outbox.readAfter),
    nextInLane: watched('nextInLane', outbox.nextInLane),
    readDue: watched('readDue', outbox.readDue),
    settle: watched('settle', outbox.settle),
    counts: watched('counts', outbox.counts),
    targets: watched('targets', outbox.targets),
    searchPending: watched('searchPending', outbox.searchPending),
    countPending: watched('countPending', outbox.countPending),
    listDead: watched('listDead', outbox.listDead),
    searchDead: watched('searchDead', outbox.searchDead),
    groupOldest: watched('groupOldest', outbox.groupOldest),
    find: watched('find', outbox.find),
    placeInLane: watched('placeInLane', outbox.placeInLane),
    tryNow: watched('tryNow', outbox.tryNow),
    redeliver: watched('redeliver', outbox.redeliver),
    redeliverOldest: watched('redeliverOldest', outbox.redeliverOldest),
    discardOldest: watched('discardOldest', outbox.discardOldest),
    lastUse: watched('lastUse', outbox.lastUse),
    noteUse: watched('noteUse', outbox.noteUse),
    get generation() {
      return outbox.generation;
    },
    discard: watched('discard', outbox.discard),
    expireDead: watched('expireDead', outbox.expireDead),
    hasForeignChanges: watched('hasForeignChanges', outbox.hasForeignChanges),
    maintain: watched('maintain', outbox.maintain),
    close: watched('close', outbox.close),
  };
}
