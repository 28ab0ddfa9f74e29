import { createBatcher, type Batcher } from '../../src/notifier/batcher.js';
import type { AcceptedNotification } from '../../src/outbox/outbox.js';
import type { Acceptance } from '../../src/post-office/post-office.js';
import { createDeferred, type Deferred } from '../helpers/deferred.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { sampleNotifications } from '../helpers/sample-notification.js';

const accepted: Acceptance = { accepted: true };
const failed: Acceptance = { accepted: false, reason: 'failed', detail: 'disk full' };

/** What a test is told when the batcher takes no more. */
const noRoom = (bound: string): Acceptance => ({ accepted: false, reason: 'full', detail: bound });
/** The ids of those that were told of the outbox's silence. */
let silences: string[] = [];
let silenceEnds = 0;
let isStarting = false;

const handTo = (batcher: Batcher, notification: AcceptedNotification): Promise<Acceptance> =>
  new Promise((resolve) => {
    const bound = batcher.handOver([notification], {
      onAcceptance: resolve,
      onSilence: () => silences.push(notification.id),
    });
    if (bound !== undefined) resolve(noRoom(bound));
  });

describe('the batcher', () => {
  let clock: OwnedClock;
  let batcher: Batcher;
  /** The batches that the post office was given, and how the test answers each. */
  let batches: (readonly AcceptedNotification[])[];
  let answers: Deferred<readonly Acceptance[]>[];
  const notifications = sampleNotifications(6);

  beforeEach(() => {
    clock = createOwnedClock();
    batches = [];
    answers = [];
    silences = [];
    silenceEnds = 0;
    isStarting = false;
    batcher = createBatcher({
      postOffice: {
        isStarting: () => isStarting,
        accept(batch) {
          batches.push(batch);
          const answer = createDeferred<readonly Acceptance[]>();
          answers.push(answer);
          return answer.promise;
        },
      },
      clock,
      maxWaiting: { count: 4, bytes: 1_000_000 },
      silenceMs: 1_000,
      onSilenceOver: () => (silenceEnds += 1),
    });
  });

  /** A post office that stores everything at once. */
  const takesAll = {
    isStarting: () => false,
    accept: async (batch: readonly AcceptedNotification[]): Promise<readonly Acceptance[]> => {
      batches.push(batch);
      return batch.map(() => accepted);
    },
  };
  const handOver = (from: number, to: number): Promise<Acceptance[]> =>
    Promise.all(notifications.slice(from, to).map((notification) => handTo(batcher, notification)));
  const answer = async (index: number, ...acceptances: Acceptance[]): Promise<void> => {
    answers[index]?.resolve(acceptances);
    await clock.advance(0);
  };

  it('hands over all of a turn at once, and gathers what comes while a batch is on its way for the next', async () => {
    const first = handOver(0, 2);
    await clock.advance(0);
    const second = handOver(2, 3);
    await clock.advance(0);
    const third = handOver(3, 4);
    await clock.advance(0);
    expect(batches).toEqual([notifications.slice(0, 2)]);
    await answer(0, accepted, accepted);
    expect(batches).toEqual([notifications.slice(0, 2), notifications.slice(2, 4)]);
    await answer(1, accepted, accepted);
    expect(await Promise.all([first, second, third])).toEqual([[accepted, accepted], [accepted], [accepted]]);
  });

  describe('gathers', () => {
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    let gatherClock: OwnedClock;
    beforeEach(() => {
      gatherClock = createOwnedClock();
      batcher = createBatcher({
        postOffice: takesAll,
        clock,
        maxWaiting: { count: 100, bytes: 1_000_000 },
        silenceMs: 1_000,
        onSilenceOver: () => undefined,
        gatherClock,
      });
    });

    it('for as long as each turn adds to the batch, and a lone one for one turn more', async () => {
      for (const index of [0, 1, 2]) {
        void handOver(index, index + 1);
        await turn();
      }
      expect(batches).toEqual([]);
      await turn();
      expect(batches).toEqual([notifications.slice(0, 3)]);
      void handOver(3, 4);
      await turn();
      expect(batches).toHaveLength(1);
      await turn();
      expect(batches[1]).toEqual(notifications.slice(3, 4));
    });

    it('for 2 ms at most', async () => {
      void handOver(0, 1);
      await turn();
      void handOver(1, 2);
      void gatherClock.advance(2);
      await turn();
      expect(batches).toEqual([notifications.slice(0, 2)]);
    });

    it('for 2 ms after a batch of 32, though a turn adds nothing', async () => {
      const crowd = sampleNotifications(32);
      await Promise.all(crowd.map((notification) => handTo(batcher, notification)));
      void handOver(0, 1);
      await gatherClock.advance(1);
      expect(batches).toEqual([crowd]);
      void handOver(1, 2);
      await gatherClock.advance(1);
      expect(batches).toEqual([crowd, notifications.slice(0, 2)]);
    });
  });

  it('gives each notification its own answer', async () => {
    const full: Acceptance = { accepted: false, reason: 'full', detail: 'no room' };
    const answered = handOver(0, 3);
    await clock.advance(0);
    await answer(0, accepted, full, accepted);
    expect(await answered).toEqual([accepted, full, accepted]);
  });

  it('hands over again what the outbox could not store, before what came since, after half a second', async () => {
    const first = handOver(0, 2);
    await clock.advance(0);
    const second = handOver(2, 3);
    await answer(0, failed, failed);
    await clock.advance(499);
    expect(batches).toHaveLength(1);
    await clock.advance(1);
    expect(batches[1]).toEqual(notifications.slice(0, 3));
    await answer(1, accepted, accepted, accepted);
    expect(await Promise.all([first, second])).toEqual([[accepted, accepted], [accepted]]);
  });

  it('asks again when the post office forgets one', async () => {
    const answered = handOver(0, 2);
    await clock.advance(0);
    await answer(0, accepted);
    await clock.advance(500);
    expect(batches[1]).toEqual(notifications.slice(1, 2));
    await answer(1, accepted);
    expect(await answered).toEqual([accepted, accepted]);
  });

  it('refuses more than its bound, of which what is on its way is a part, however often the outbox fails', async () => {
    void handOver(0, 1);
    await clock.advance(0);
    void handOver(1, 4);
    expect(await handOver(5, 6)).toEqual([noRoom('count')]);
    for (const round of [0, 1, 2]) {
      await answer(round, failed, failed, failed, failed);
      await clock.advance(500);
      expect(batches[round + 1]).toHaveLength(4);
      expect(await handOver(5, 6)).toEqual([noRoom('count')]);
    }
    await answer(3, accepted, accepted, accepted, accepted);
    const last = handOver(5, 6);
    await clock.advance(0);
    await answer(4, accepted);
    expect(await last).toEqual([accepted]);
  });

  it('counts bytes as well', async () => {
    const small = createBatcher({
      postOffice: { isStarting: () => false, accept: async (batch) => batch.map(() => accepted) },
      clock,
      maxWaiting: { count: 4, bytes: 150 },
      silenceMs: 1_000,
      onSilenceOver: () => undefined,
    });
    const [first, second] = sampleNotifications(2, { body: Buffer.alloc(100) }).map((notification) =>
      handTo(small, notification),
    );
    expect(await second).toEqual(noRoom('bytes'));
    expect(await first).toEqual(accepted);
  });

  it('A1: counts the silence of the outbox from when a batch is handed over, and anew from each answer', async () => {
    const first = handOver(0, 1);
    await clock.advance(0);
    await clock.advance(900);
    void handOver(1, 2);
    await answer(0, accepted);
    await first;
    await clock.advance(999);
    expect(silences).toEqual([]);
    expect(batcher.isSilent).toBe(false);
    await clock.advance(1);
    expect(silences).toEqual([notifications[1]!.id]);
    expect(batcher.isSilent).toBe(true);
    await answer(1, accepted);
    expect(batcher.isSilent).toBe(false);
    expect(silenceEnds).toBe(1);
  });

  it('A1: takes a stall of its own thread for no silence, however long, and a failing outbox for one', async () => {
    const answered = handOver(0, 2);
    await clock.advance(0);
    for (let stall = 0; stall < 3; stall += 1) {
      await clock.leap(60_000);
      await clock.advance(200);
    }
    expect(silences).toEqual([]);
    await answer(0, failed, failed);
    await clock.advance(1_000);
    expect(silences).toHaveLength(2);
    expect(batches).toHaveLength(2);
    await answer(1, accepted, accepted);
    expect(await answered).toEqual([accepted, accepted]);
    expect(silences).toHaveLength(2);
  });

  it('A1: counts no silence while the post office starts, and all of it from then on', async () => {
    isStarting = true;
    void handOver(0, 1);
    await clock.advance(0);
    await clock.advance(60_000);
    expect(silences).toEqual([]);
    isStarting = false;
    // The step under way began while it was starting.
    await clock.advance(1_000);
    expect(silences).toEqual([]);
    await clock.advance(100);
    expect(silences).toEqual([notifications[0]!.id]);
  });

  it('A1: counts nothing of a process that is stopped and continued all the time', async () => {
    void handOver(0, 1);
    await clock.advance(0);
    for (let cycle = 0; cycle < 100; cycle += 1) {
      await clock.leap(90);
      await clock.advance(10);
    }
    expect(silences).toEqual([]);
  });

  it('A7: hands over a burst in batches of a bounded size, in order', async () => {
    const many = sampleNotifications(2_500);
    const large = createBatcher({
      postOffice: takesAll,
      clock,
      maxWaiting: { count: 3_000, bytes: 100_000_000 },
      silenceMs: 1_000,
      onSilenceOver: () => undefined,
    });
    const answered = Promise.all(many.map((notification) => handTo(large, notification)));
    await clock.advanceUntil(answered);
    expect(batches.flat()).toEqual(many);
    expect(Math.max(...batches.map(({ length }) => length))).toBe(1_000);
  });

  it('tries once more when it is closed, and then lets go', async () => {
    const answered = handOver(0, 2);
    await clock.advance(0);
    await answer(0, failed, failed);
    batcher.close();
    await clock.advance(0);
    expect(batches).toHaveLength(2);
    await answer(1, accepted, failed);
    expect(await answered).toEqual([accepted, failed]);
    expect(clock.timerCount).toBe(0);
  });

  it('lets go of a batch under way that fails after it was closed', async () => {
    const answered = handOver(0, 1);
    await clock.advance(0);
    batcher.close();
    await answer(0, failed);
    expect(await answered).toEqual([failed]);
  });
});
