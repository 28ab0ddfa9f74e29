import { createLanes, pageSize, type Lanes } from '../../src/delivery/lanes.js';
import type { PendingNotification, Settlement } from '../../src/outbox/outbox.js';
import { targetQueue } from '../../src/delivery/target-queue.js';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { createWatchedOutbox, type WatchedOutbox } from '../helpers/watched-outbox.js';
import { settleIn } from '../helpers/settle-in.js';

describe('the lanes', () => {
  let outbox: WatchedOutbox;
  let wallAt: number;
  beforeEach(() => {
    outbox = createWatchedOutbox();
    wallAt = sampleAt;
  });

  const create = ({
    target = 'crm',
    ...given
  }: { target?: string; maxLanes?: number; maxFollowers?: number } = {}): Lanes => {
    const limits = { maxWaitMs: 3_600_000, maxLanes: 10_000, maxFollowers: 2 };
    return createLanes({ queue: targetQueue(outbox, target), now: () => wallAt, ...limits, ...given });
  };
  const append = (...lanes: readonly string[]): PendingNotification[] =>
    outbox.append(lanes.map((lane) => sampleNotification({ lane }))) ?? [];
  /** Looks until there is a head or nothing more to look through, as delivery does. */
  const takeNext = (lanes: Lanes, nowMs = 0): PendingNotification | undefined => {
    while (!lanes.findReady(nowMs) && lanes.isSearching);
    return lanes.take(nowMs);
  };
  const takeAll = (lanes: Lanes, nowMs = 0): PendingNotification[] => {
    const taken: PendingNotification[] = [];
    for (let head = takeNext(lanes, nowMs); head !== undefined; head = takeNext(lanes, nowMs)) taken.push(head);
    return taken;
  };
  const deliver = (lanes: Lanes, head: PendingNotification): void => {
    settleIn(outbox, [{ kind: 'delivered', position: head.position }], head.target);
    lanes.release(head);
  };
  const positions = (heads: readonly PendingNotification[]): number[] => heads.map(({ position }) => position);

  it('have nothing of an empty outbox', () => {
    const lanes = create();
    expect([lanes.findReady(0), lanes.take(0), lanes.dueInMs(0), lanes.isSearching]).toEqual([
      false,
      undefined,
      undefined,
      false,
    ]);
  });

  it('give the oldest of each lane, oldest first, and no second one of a lane in flight', () => {
    append('a', 'b', 'a', 'c', 'b');
    expect(positions(takeAll(create()))).toEqual([1, 2, 4]);
  });

  it('go on with the next of a lane when its head is settled', () => {
    append('a', 'a', 'b', 'a');
    const lanes = create();
    const [first, other] = takeAll(lanes);
    deliver(lanes, first!);
    const second = takeNext(lanes)!;
    expect(positions([other!, second])).toEqual([3, 2]);
    deliver(lanes, second);
    expect(positions(takeAll(lanes))).toEqual([4]);
  });

  it('take the oldest first among those that became ready later', () => {
    append('a', 'b', 'c', 'a');
    const lanes = create();
    const [a, b, c] = takeAll(lanes);
    lanes.putBack(c!, 0);
    lanes.putBack(b!, 0);
    deliver(lanes, a!);
    expect(positions(takeAll(lanes))).toEqual([2, 3, 4]);
  });

  it('let other lanes go on while a head waits, and give it when it is due', () => {
    append('a', 'b', 'a', 'b');
    const lanes = create();
    const [a, b] = takeAll(lanes);
    lanes.putBack(a!, 1_000);
    deliver(lanes, b!);
    expect(positions(takeAll(lanes, 999))).toEqual([4]);
    expect(lanes.dueInMs(999)).toBe(1);
    expect(positions(takeAll(lanes, 1_000))).toEqual([1]);
    expect(lanes.dueInMs(1_000)).toBeUndefined();
  });

  it('give a head as it was put back', () => {
    append('a');
    const lanes = create();
    lanes.putBack({ ...lanes.take(0)!, attempts: 3 }, 0);
    expect(lanes.take(0)).toMatchObject({ position: 1, attempts: 3 });
  });

  it('see what is accepted later, once they are told', () => {
    const lanes = create();
    expect(lanes.findReady(0)).toBe(false);
    append('a');
    expect(lanes.findReady(0)).toBe(false);
    lanes.onAccepted([], 0);
    expect(lanes.findReady(0)).toBe(true);
  });

  it('lose nothing that a lane gets while its head is being settled', () => {
    append('a');
    const lanes = create();
    const head = lanes.take(0)!;
    append('a', 'a');
    lanes.onAccepted([], 0);
    expect(takeAll(lanes)).toEqual([]);
    deliver(lanes, head);
    const second = takeNext(lanes)!;
    expect(second.position).toBe(2);
    append('a');
    lanes.onAccepted([], 0);
    deliver(lanes, second);
    expect(takeNext(lanes)?.position).toBe(3);
  });

  describe('after a start', () => {
    it('wait for the stored instant, whatever the monotonic clock shows', () => {
      append('a', 'b');
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 2, nextAttemptAt: sampleAt + 500 }]);
      const lanes = create();
      expect(positions(takeAll(lanes, 7_000))).toEqual([2]);
      expect(lanes.dueInMs(7_000)).toBe(500);
      expect(takeAll(lanes, 7_500)).toMatchObject([{ position: 1, attempts: 2 }]);
    });

    it('give at once what was due long ago', () => {
      append('a');
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 2, nextAttemptAt: sampleAt - 86_400_000 }]);
      expect(positions(takeAll(create()))).toEqual([1]);
    });

    it('wait no longer than maxWaitMs when the wall clock has been put back (case 70)', () => {
      append('a');
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 2, nextAttemptAt: sampleAt + 1_000 }]);
      wallAt -= 86_400_000;
      const lanes = create();
      expect(takeAll(lanes)).toEqual([]);
      expect(lanes.dueInMs(0)).toBe(3_600_000);
    });

    it('keep the order of a lane whose head waits', () => {
      append('a', 'a');
      settleIn(outbox, [{ kind: 'retry', position: 1, attempts: 1, nextAttemptAt: sampleAt + 500 }]);
      const lanes = create();
      expect(takeAll(lanes)).toEqual([]);
      const first = takeNext(lanes, 500)!;
      deliver(lanes, first);
      expect(positions([first, ...takeAll(lanes, 500)])).toEqual([1, 2]);
    });
  });

  describe('with much to do', () => {
    it('pass a blocked lane of 10,000 once, a few pages at a time', () => {
      append(...new Array<string>(10_000).fill('blocked'), 'free');
      const lanes = create();
      const blocked = lanes.take(0)!;
      lanes.putBack(blocked, 60_000);
      const before = outbox.calls.readAfter;
      expect(lanes.findReady(0)).toBe(false);
      expect(lanes.isSearching).toBe(true);
      expect(outbox.calls.readAfter - before).toBeLessThanOrEqual(5);
      expect(takeNext(lanes)?.lane).toBe('free');
      expect(outbox.calls.readAfter).toBe(Math.ceil(10_001 / pageSize));
    });

    it('do not read it again for every notification that is accepted or delivered later', () => {
      append(...new Array<string>(10_000).fill('blocked'));
      const lanes = create();
      lanes.putBack(takeNext(lanes)!, 60_000);
      expect(takeNext(lanes)).toBeUndefined();
      const before = outbox.calls.readAfter;
      for (let count = 0; count < 100; count += 1) {
        append('free');
        lanes.onAccepted([], 0);
        deliver(lanes, takeNext(lanes)!);
        expect(takeNext(lanes)).toBeUndefined();
      }
      expect(outbox.calls.readAfter - before).toBeLessThanOrEqual(200);
      expect(outbox.calls.nextInLane).toBe(0);
    });

    it('hold one head for each lane at work and maxFollowers others, and leave the rest in the outbox', () => {
      append(...Array.from({ length: 5_000 }, (_, index) => `lane:${index % 5}`));
      const lanes = create({ maxFollowers: 5 });
      const first = takeAll(lanes);
      expect(first).toHaveLength(5);
      for (const head of first) deliver(lanes, head);
      const followers = takeAll(lanes);
      expect(positions(followers)).toEqual([6, 7, 8, 9, 10]);
      expect(outbox.calls.nextInLane).toBe(0);
      // Nothing more is kept from the first passage: it is looked up again.
      deliver(lanes, followers[0]!);
      expect(positions([takeNext(lanes)!])).toEqual([11]);
      expect(outbox.calls.nextInLane).toBe(1);
    });

    it('do not read back what was just accepted, if nothing is between it and the cursor', () => {
      const lanes = create();
      takeNext(lanes);
      const reads = outbox.calls.readAfter;
      lanes.onAccepted(append('a', 'b', 'a'), 0);
      expect(positions(takeAll(lanes))).toEqual([1, 2]);
      expect(outbox.calls.readAfter).toBe(reads);
      // Somebody else has put one between.
      append('c');
      lanes.onAccepted(append('d'), 0);
      expect(positions(takeAll(lanes))).toEqual([4, 5]);
      expect(outbox.calls.readAfter).toBe(reads + 1);
    });

    it('give each once, though what is released is settled only later', () => {
      // One page, and two more.
      const others = new Array<string>(pageSize - 2).fill('b');
      append('a', 'a', ...others, 'a', 'b');
      const lanes = create({ maxFollowers: 0 });
      const given: number[] = [];
      for (let head = takeNext(lanes); head !== undefined; head = takeNext(lanes)) {
        given.push(head.position);
        lanes.release(head);
      }
      expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: pageSize + 2 }, (_, index) => index + 1));
    });

    it('keep in memory no more of what was just accepted than lanes may be at work', () => {
      const lanes = create({ maxLanes: 3 });
      lanes.onAccepted(append('a', 'b', 'c', 'd', 'e'), 0);
      expect(positions(takeAll(lanes))).toEqual([1, 2, 3]);
      deliver(lanes, { ...outbox.readAfter('crm', 0, 1)[0]! });
      expect(positions(takeAll(lanes))).toEqual([4, 5]);
    });

    it('stop taking lanes on at maxLanes, and go on when one is done', () => {
      append(...Array.from({ length: 2_000 }, (_, index) => `lane:${index}`));
      const lanes = create({ maxLanes: 100 });
      const taken = takeAll(lanes);
      // Whole pages are taken on, so it may be a little more.
      expect(taken.length).toBe(pageSize);
      expect(outbox.calls.readAfter).toBe(1);
      expect(lanes.isSearching).toBe(false);
      for (const head of taken) deliver(lanes, head);
      expect(positions(takeAll(lanes))[0]).toBe(pageSize + 1);
    });
  });

  describe('of several targets', () => {
    /** `crm:a` is for the one, in lane `a`. */
    const appendFor = (...entries: readonly string[]): PendingNotification[] => {
      const batch = entries.map((entry) => entry.split(':') as [string, string]);
      return outbox.append(batch.map(([target, lane]) => sampleNotification({ target, lane }))) ?? [];
    };
    const placesOf = (heads: readonly PendingNotification[]): string[] =>
      heads.map(({ target, lane, position }) => `${target}:${lane}:${String(position)}`);

    it('give the heads of their own', () => {
      appendFor('crm:a', 'other:a', 'other:b', 'crm:a', 'crm:c');
      const [own, others] = [create(), create({ target: 'other' })];
      const heads = takeAll(own);
      expect(placesOf(heads)).toEqual(['crm:a:1', 'crm:c:3']);
      expect(placesOf(takeAll(others))).toEqual(['other:a:1', 'other:b:2']);
      deliver(own, heads[0]!);
      expect(placesOf(takeAll(own))).toEqual(['crm:a:2']);
    });

    it('do not read back what was just accepted, though the entries of the targets interleave', () => {
      const [own, others] = [create(), create({ target: 'other' })];
      expect([takeNext(own), takeNext(others)]).toEqual([undefined, undefined]);
      const reads = outbox.calls.readAfter;
      for (const entries of [['crm:a', 'other:a', 'crm:b', 'other:b'], ['other:c'], ['other:d', 'crm:c', 'other:e']]) {
        const accepted = appendFor(...entries);
        own.onAccepted(accepted, 0);
        others.onAccepted(accepted, 0);
      }
      expect(placesOf(takeAll(own))).toEqual(['crm:a:1', 'crm:b:2', 'crm:c:3']);
      expect(placesOf(takeAll(others))).toEqual(['other:a:1', 'other:b:2', 'other:c:3', 'other:d:4', 'other:e:5']);
      expect(outbox.calls.readAfter).toBe(reads);
      // Somebody else has put one between, of the one target.
      appendFor('other:f');
      const accepted = appendFor('crm:d', 'other:g');
      own.onAccepted(accepted, 0);
      others.onAccepted(accepted, 0);
      expect(placesOf(takeAll(own))).toEqual(['crm:d:4']);
      expect(outbox.calls.readAfter).toBe(reads);
      expect(placesOf(takeAll(others))).toEqual(['other:f:6', 'other:g:7']);
      expect(outbox.calls.readAfter).toBe(reads + 1);
    });
  });

  describe('when the outbox cannot be read', () => {
    it('are as they were afterwards', () => {
      append('a', 'b', 'a');
      const lanes = create();
      outbox.fail('readAfter');
      expect(() => lanes.findReady(0)).toThrow('disk I/O error');
      expect(() => lanes.take(0)).toThrow('disk I/O error');
      outbox.fail();
      expect(positions(takeAll(lanes))).toEqual([1, 2]);
    });

    it('do not throw when a head is settled, and find the next of its lane later', () => {
      append('a', 'b', 'a', 'b');
      const lanes = create({ maxFollowers: 0 });
      const [a, b] = takeAll(lanes);
      outbox.fail('nextInLane');
      deliver(lanes, a!);
      deliver(lanes, b!);
      expect(() => lanes.findReady(0)).toThrow('disk I/O error');
      outbox.fail();
      expect(positions(takeAll(lanes))).toEqual([3, 4]);
    });
  });

  const random = createSeededRandom();
  it(`give every notification of their target once, each lane in order, whatever happens (CRM_TEST_SEED=${random.seed})`, () => {
    const targets = ['crm', 'other'].map((target) => ({
      target,
      lanes: create({ target, maxLanes: 8, maxFollowers: 4 }),
      inFlight: [] as PendingNotification[],
    }));
    let appendedCount = 0;
    const given = new Map<string, number[]>();
    const give = ({ target, lane, position }: PendingNotification): void => {
      const name = `${target} ${lane}`;
      given.set(name, [...(given.get(name) ?? []), position]);
    };
    // Settlements gather: what is released stays in the outbox for a while.
    let unsettled: Settlement[] = [];
    const settle = (): void => {
      outbox.settle(unsettled);
      unsettled = [];
    };
    let nowMs = 0;
    for (let step = 0; step < 20_000; step += 1) {
      nowMs += random.below(3);
      if (step < 10_000 && random.below(4) === 0) {
        const batch = Array.from({ length: random.below(5) }, () =>
          sampleNotification({ target: random.pick(['crm', 'other']), lane: `lane:${random.below(20)}` }),
        );
        const accepted = outbox.append(batch) ?? [];
        appendedCount += batch.length;
        for (const { lanes } of targets) lanes.onAccepted(random.below(2) === 0 ? accepted : [], nowMs);
      }
      const { lanes, inFlight } = random.pick(targets);
      outbox.fail(...(random.below(10) === 0 ? (['readAfter', 'nextInLane'] as const) : []));
      try {
        const head = lanes.take(nowMs);
        if (head !== undefined) {
          expect(inFlight.some((other) => other.lane === head.lane)).toBe(false);
          inFlight.push(head);
        }
      } catch {
        // The disk; it will be better in the next step.
      }
      outbox.fail();
      if (inFlight.length > 0 && random.below(2) === 0) {
        const [head] = inFlight.splice(random.below(inFlight.length), 1);
        if (random.below(3) === 0) lanes.putBack(head!, random.below(2) === 0 ? 0 : nowMs + random.below(20));
        else {
          lanes.release(head!);
          const { target, id, position } = head!;
          unsettled.push({ kind: 'delivered', target, id, position });
          give(head!);
        }
      }
      if (random.below(20) === 0) settle();
    }
    settle();
    for (const { target, lanes, inFlight } of targets) {
      for (; inFlight.length > 0 || outbox.counts(target).pending > 0; nowMs += 1) {
        const head = inFlight.pop() ?? takeNext(lanes, nowMs);
        if (head === undefined) continue;
        deliver(lanes, head);
        give(head);
      }
    }
    expect([...given.values()].flat()).toHaveLength(appendedCount);
    expect(given.size).toBe(40);
    for (const places of given.values()) expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});
