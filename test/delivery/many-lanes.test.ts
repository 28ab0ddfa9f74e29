import { createLanes, type Lanes } from '../../src/delivery/lanes.js';
import type { PendingNotification } from '../../src/outbox/outbox.js';
import { targetQueue } from '../../src/delivery/target-queue.js';
import { useNotifiers } from '../helpers/observed-notifier.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox, type WatchedOutbox } from '../helpers/watched-outbox.js';

describe('more lanes that wait than there is room for in memory (A11)', () => {
  let outbox: WatchedOutbox;
  let wallAt: number;
  beforeEach(() => {
    outbox = createWatchedOutbox();
    wallAt = sampleAt;
  });
  const create = (maxLanes = 100): Lanes =>
    createLanes({
      queue: targetQueue(outbox, 'crm'),
      now: () => wallAt,
      maxWaitMs: 3_600_000,
      maxLanes,
      maxFollowers: 16,
    });
  const append = (...lanes: readonly string[]): PendingNotification[] =>
    outbox.append(lanes.map((lane) => sampleNotification({ lane }))) ?? [];
  const takeNext = (lanes: Lanes, nowMs: number): PendingNotification | undefined => {
    while (!lanes.findReady(nowMs) && lanes.isSearching);
    return lanes.take(nowMs);
  };
  /** Lets a head in flight wait until it is due, by both clocks. */
  const postpone = (lanes: Lanes, head: PendingNotification, dueInMs: number, nowMs = 0): void => {
    const waits = { attempts: head.attempts + 1, nextAttemptAt: wallAt + dueInMs };
    outbox.settle([{ kind: 'retry', target: 'crm', id: head.id, position: head.position, ...waits }]);
    lanes.putBack({ ...head, ...waits }, nowMs + dueInMs);
  };
  const deliver = (lanes: Lanes, head: PendingNotification): void => {
    outbox.settle([{ kind: 'delivered', target: 'crm', id: head.id, position: head.position }]);
    lanes.release(head);
    lanes.settled(head);
  };
  /** So many lanes, each of which waits; the first is due first. */
  const fill = (lanes: Lanes, count: number): void => {
    append(...Array.from({ length: count }, (_, index) => `waiting:${index}`));
    lanes.onAccepted([], 0);
    for (let index = 0; index < count; index += 1) postpone(lanes, takeNext(lanes, 0)!, 60_000 + index);
  };

  it('A11: block no new one', () => {
    const lanes = create();
    fill(lanes, 1_000);
    expect(takeNext(lanes, 0)).toBeUndefined();
    append('new');
    lanes.onAccepted([], 0);
    expect(takeNext(lanes, 0)?.lane).toBe('new');
  });

  it('A11: all go out when they are due, each once, the soonest first', () => {
    const lanes = create();
    fill(lanes, 1_000);
    const taken: number[] = [];
    for (let nowMs = 59_000; nowMs <= 62_000; nowMs += 10) {
      wallAt = sampleAt + nowMs;
      for (let head = takeNext(lanes, nowMs); head !== undefined; head = takeNext(lanes, nowMs)) {
        taken.push(head.position);
        deliver(lanes, head);
      }
    }
    expect(taken).toHaveLength(1_000);
    expect(new Set(taken).size).toBe(1_000);
    expect(taken.every((position, index) => Math.abs(position - index) < 150)).toBe(true);
    expect(outbox.counts().pending).toBe(0);
  });

  it('A11: nothing overtakes a head of its own lane that is forgotten', () => {
    const lanes = create();
    fill(lanes, 1_000);
    append('waiting:999', 'new', 'waiting:0', 'waiting:999');
    lanes.onAccepted([], 0);
    expect(takeNext(lanes, 0)?.lane).toBe('new');
    expect(takeNext(lanes, 0)).toBeUndefined();
    wallAt = sampleAt + 70_000;
    const inLane: number[] = [];
    for (let head = takeNext(lanes, 70_000); head !== undefined; head = takeNext(lanes, 70_000)) {
      if (head.lane === 'waiting:999') inLane.push(head.position);
      deliver(lanes, head);
    }
    expect(inLane).toEqual([1_000, 1_001, 1_004]);
    expect(outbox.counts().pending).toBe(1);
  });

  it('A11: do not wait longer than maxWaitMs when the wall clock has been put back', () => {
    const lanes = create();
    fill(lanes, 300);
    wallAt -= 86_400_000;
    expect(takeNext(lanes, 10)).toBeUndefined();
    let count = 0;
    for (let nowMs = 3_700_000; nowMs < 3_800_000; nowMs += 1_000) {
      for (let head = takeNext(lanes, nowMs); head !== undefined; head = takeNext(lanes, nowMs)) {
        count += 1;
        deliver(lanes, head);
      }
    }
    expect(count).toBe(300);
  });

  it('A11: survive that the outbox cannot be read now and then', () => {
    const lanes = create();
    fill(lanes, 500);
    append('waiting:499', 'new');
    lanes.onAccepted([], 0);
    let taken = 0;
    for (let step = 0; step < 3_000 && outbox.counts().pending > 1; step += 1) {
      const nowMs = 70_000 + step * 1_000;
      wallAt = sampleAt + nowMs;
      const failing = (['readDue', 'nextInLane', 'readAfter'] as const)[step % 6];
      outbox.fail(...(failing === undefined ? [] : [failing]));
      try {
        const head = lanes.take(nowMs);
        outbox.fail();
        if (head === undefined || head.lane === 'in flight') continue;
        taken += 1;
        deliver(lanes, head);
      } catch {
        outbox.fail();
      }
    }
    expect(taken).toBeGreaterThanOrEqual(501);
  });

  describe('by a real notifier', () => {
    const createNotifier = useNotifiers();
    const start = useCrm();

    it('A11: a new lane is delivered while 11,000 wait for the CRM', async () => {
      const crm = await start((received, res) => {
        if (laneOf(received).startsWith('later')) reply(503, '', { 'retry-after': '3600' })(received, res);
        else accept(received, res);
      });
      const notifier = createNotifier({ baseUrl: crm.url, concurrency: 64 });
      for (let from = 0; from < 11_000; from += 1_000) {
        await notifier.accept(...Array.from({ length: 1_000 }, (_, index) => `later:${from + index}`));
      }
      await notifier.hear('retry', 11_000);
      await notifier.accept('new');
      expect(await notifier.hear('delivered')).toHaveLength(1);
    }, 60_000);
  });
});
