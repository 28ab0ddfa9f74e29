import { BroadcastChannel } from 'node:worker_threads';
import { claimOutbox } from '../../src/post-office/outbox-claim.js';
import type { Acceptance, PostOffice } from '../../src/post-office/post-office.js';
import { passTimeUntil } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, type Answer } from '../helpers/scripted-crm.js';
import { sampleNotification, sampleNotifications } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { troubleFile } from './built-thread.js';
import { threadHost, useOffices, type ObservedOffice } from './observed-office.js';

type Order = 'end' | 'end-before-accept' | 'end-before-answer' | 'end-with-answer' | 'hang';

const taken = { accepted: true };
const neverAnswer: Answer = () => undefined;
const firstRestartMs = 50;

// Threads start and end for real, on a machine that may be busy.
jest.setTimeout(30_000);

describe('a post office whose thread', () => {
  const memory = new Int32Array(new SharedArrayBuffer(8));
  const [wakeAt, hangingAt] = [0, 1];
  const wake = (): void => {
    Atomics.store(memory, wakeAt, 1);
    Atomics.notify(memory, wakeAt);
  };
  beforeEach(() => {
    memory.fill(0);
  });
  const channels: BroadcastChannel[] = [];
  // Before the hooks that close the post offices, which wait for their threads.
  afterEach(() => {
    wake();
    for (const channel of channels.splice(0)) channel.close();
  });
  const createTroubled = useOffices(threadHost(troubleFile('troubled-thread')));
  const createBroken = useOffices(threadHost(troubleFile('broken-thread')));
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const open = (baseUrl: string): { office: ObservedOffice; tell: (order: Order) => Promise<void> } => {
    let name = '';
    const office = createTroubled({ baseUrl, outbox: directory(), clock, beforeOpening: (file) => (name = file) });
    const channel = new BroadcastChannel(name);
    channels.push(channel);
    const tell = (order: Order): Promise<void> =>
      new Promise((resolve) => {
        channel.onmessage = () => {
          resolve();
        };
        channel.postMessage({ order, memory: memory.buffer });
      });
    return { office, tell };
  };
  const goneUrl = async (): Promise<string> => {
    const crm = await start();
    await crm.close();
    return crm.url;
  };
  const storedIds = async (): Promise<string[]> => {
    const outbox = await openOutboxIn(directory());
    const ids = outbox.readAfter('crm', 0, 10_000).map(({ id }) => id);
    outbox.close();
    return ids;
  };
  const threadTrouble = (office: ObservedOffice, count = 1): Promise<readonly unknown[]> =>
    office.hear('threadRestarted', count);

  describe('ends', () => {
    it.each(['end-before-accept', 'end-before-answer'] as const)(
      'answers what was under way once another runs, and has stored all of it once (%s)',
      async (order) => {
        const { office, tell } = open(await goneUrl());
        const batches = [1, 3, 2, 5].map((count) => sampleNotifications(count));
        expect(await office.accept(batches[0]!)).toEqual([taken]);
        await tell(order);
        const answers: Promise<unknown>[] = batches.slice(1).map((batch) => office.accept(batch));
        const stats = office.stats();
        expect(await threadTrouble(office)).toMatchObject([
          { message: expect.stringContaining('started again') as string },
        ]);
        // Requests go on meanwhile.
        const last = sampleNotifications(1);
        answers.push(office.accept(last));
        await clock.advance(firstRestartMs);
        expect(await Promise.all(answers)).toEqual([...batches.slice(1), last].map((batch) => batch.map(() => taken)));
        expect(await stats).toMatchObject({ pending: 12 });
        expect(office.troubles()).toHaveLength(1);
        expect(await office.close(100)).toMatchObject({ pending: 12 });
        expect(await storedIds()).toEqual([...batches.flat(), ...last].map(({ id }) => id));
      },
    );

    it('goes on with the delivery, each lane in order', async () => {
      const crm = await start();
      const { office, tell } = open(crm.url);
      const accepted: string[] = [];
      for (let round = 1; round <= 4; round += 1) {
        // What is told before it listens is lost.
        await office.ready();
        const batch = sampleNotifications(20);
        accepted.push(...batch.map(({ id }) => id));
        const answer = office.accept(batch);
        await tell('end');
        await threadTrouble(office, round);
        await clock.advance(firstRestartMs);
        expect(await answer).toEqual(batch.map(() => taken));
      }
      await crm.waitFor(accepted.length);
      expect(await office.flush(10_000)).toMatchObject({ pending: 0 });
      // What it had sent and not settled comes again, under the same id.
      expect([...new Set(idsOf(crm.received))]).toEqual(accepted);
    });

    it('answers every other call as well', async () => {
      const crm = await start((_received, res) => res.writeHead(422).end());
      const { office, tell } = open(crm.url);
      const [notification] = sampleNotifications(1);
      await office.accept([notification!]);
      await office.hear('dead');
      await tell('end');
      await threadTrouble(office);
      const answers = [
        office.ready(),
        office.listDead({ limit: 1 }),
        office.discard({ id: notification!.id }),
        office.flush(1_000),
      ];
      await clock.advance(firstRestartMs);
      expect(await Promise.all(answers)).toMatchObject([undefined, [{ id: notification!.id }], 1, { dead: 0 }]);
    });

    it('A1: is starting until its outbox is open, after each end anew', async () => {
      const { office, tell } = open(await goneUrl());
      expect(office.isStarting()).toBe(true);
      await office.ready();
      await office.stats();
      expect(office.isStarting()).toBe(false);
      await tell('end');
      await threadTrouble(office);
      expect(office.isStarting()).toBe(true);
      await clock.advance(firstRestartMs);
      expect(await office.accept(sampleNotifications(1))).toEqual([taken]);
      await office.stats();
      expect(office.isStarting()).toBe(false);
    });

    it('can be closed while there is none, and tells the truth of what is left', async () => {
      const { office, tell } = open(await goneUrl());
      await office.accept(sampleNotifications(2));
      await tell('end');
      await threadTrouble(office);
      const closing = office.close(100);
      await clock.advance(firstRestartMs);
      expect(await closing).toEqual({ delivered: 0, pending: 2, dead: 0 });
      expect(office.closedCount).toBe(1);
      expect(await office.stats()).toMatchObject({ pending: 2 });
    });

    it('has closed, and is no trouble, when its end is met together with its last answer', async () => {
      const { office, tell } = open(await goneUrl());
      await office.accept(sampleNotifications(2));
      await tell('end-with-answer');
      const closing = office.close(100);
      // This side is busy until both are there.
      Atomics.wait(memory, wakeAt, 0, 1_500);
      expect(await closing).toEqual({ delivered: 0, pending: 2, dead: 0 });
      await clock.advance(firstRestartMs);
      expect(office.troubles()).toEqual([]);
      expect(office.closedCount).toBe(1);
    });

    it('is started again with nothing to do, for what it has to deliver', async () => {
      const crm = await start(neverAnswer);
      const { office, tell } = open(crm.url);
      await office.accept(sampleNotifications(1));
      await crm.waitFor(1);
      await tell('end');
      await threadTrouble(office);
      crm.answerWith(accept);
      await clock.advance(firstRestartMs);
      await office.hear('delivered');
      expect(idsOf(crm.received)[0]).toBe(idsOf(crm.received)[1]);
    });
  });

  describe('hangs', () => {
    /** Hangs with a batch under way, until `memory` is notified. */
    const hang = async (
      baseUrl: string,
    ): Promise<{ office: ObservedOffice; answer: Promise<readonly Acceptance[]> }> => {
      const { office, tell } = open(baseUrl);
      await office.ready();
      // It delivers, so it has the lock.
      expect(await office.stats()).toMatchObject({ isDelivering: true });
      await tell('hang');
      while (Atomics.load(memory, hangingAt) === 0) await new Promise((resolve) => setImmediate(resolve));
      return { office, answer: office.accept(sampleNotifications(3)) };
    };

    it('is left alone for half a minute, then another takes over, and it closes when it wakes', async () => {
      const crm = await start();
      const { office, answer } = await hang(crm.url);
      await clock.advance(30_999);
      expect(office.troubles()).toEqual([]);
      await clock.advance(1);
      expect(office.troubles()).toMatchObject([{ kind: 'threadRestarted' }]);
      expect(office.isStarting()).toBe(false);
      await clock.advance(firstRestartMs);
      expect(await answer).toEqual([taken, taken, taken]);
      // The other one accepts; to deliver, it needs the lock that the first still has.
      expect(await office.stats()).toMatchObject({ pending: 3, isDelivering: false });
      expect(crm.received).toEqual([]);
      wake();
      // By the one that wakes, whose events nobody hears any more, or by the other.
      let stats = await office.stats();
      while (stats.pending > 0 || !stats.isDelivering) stats = await office.stats();
      // Some twice, where the one that woke was closed before it had noted them.
      expect(new Set(idsOf(crm.received)).size).toBe(3);
    });

    it('gives its outbox back only when it has woken', async () => {
      const { office, answer } = await hang(await goneUrl());
      await clock.advance(31_000 + firstRestartMs);
      await answer;
      expect(await office.close(10)).toMatchObject({ pending: 3 });
      expect(office.closedCount).toBe(0);
      expect(() => claimOutbox(directory())).toThrow('another notifier of this process');
      wake();
      while (office.closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
      claimOutbox(directory()).release();
    });

    it('does not keep a close waiting for longer than its time limit and what closing takes', async () => {
      const { office, answer } = await hang(await goneUrl());
      const closing = expectNoAnswer(office, 500);
      await clock.advance(2_499);
      expect(office.closedCount).toBe(0);
      await clock.advance(1);
      await closing;
      // Nobody knows whether they are stored, so nobody may be told that they are.
      expect(await answer).toMatchObject([{ reason: 'closed' }, { reason: 'closed' }, { reason: 'closed' }]);
      // What was refused is not stored by the thread when it wakes.
      wake();
      while (office.closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await storedIds()).toEqual([]);
    });
  });

  it('is only not heard because the computer slept, is not taken to hang (case 70)', async () => {
    const crm = await start(neverAnswer);
    const { office } = open(crm.url);
    await office.accept(sampleNotifications(1));
    const flushing = office.flush(60_000);
    for (const ms of [60_000, 86_400_000, 3_600_000]) {
      await clock.leap(ms);
      await office.stats();
    }
    clock.jumpWall(-86_400_000);
    await clock.advance(5_000);
    expect(office.troubles()).toEqual([]);
    // The thread itself goes by the computer's clock.
    await office.close(1);
    expect(await flushing).toMatchObject({ pending: 1 });
  });

  describe('cannot even be loaded', () => {
    const createUnloadable = useOffices(threadHost(troubleFile('unloadable-thread')));

    it('is not tried again: this thread does its work, and the cause is logged once', async () => {
      const crm = await start();
      const office = createUnloadable({ baseUrl: crm.url, outbox: directory() });
      const batches = [1, 2].map((count) => sampleNotifications(count));
      const answers = await Promise.all(batches.map((batch) => office.accept(batch)));
      expect(answers.flat()).toEqual([taken, taken, taken]);
      expect(await office.flush(10_000)).toEqual({ delivered: 3, pending: 0, dead: 0 });
      expect(office.isStarting()).toBe(false);
      expect(await office.stats()).toMatchObject({ delivered: 3, isDelivering: true });
      expect(office.troubles()).toEqual([]);
      expect(office.log.lines.map(({ message }) => message)).toEqual(['no thread: Cannot find module of the thread']);
      expect(await office.close(1_000)).toMatchObject({ pending: 0 });
      while (office.closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(idsOf(crm.received)).toEqual(batches.flat().map(({ id }) => id));
    });
  });

  describe('ends as soon as it runs', () => {
    it('is tried again less and less often, and quoted nowhere', async () => {
      const delays: number[] = [];
      const watched: OwnedClock = {
        ...clock,
        after(delayMs, callback, options) {
          delays.push(delayMs);
          return clock.after(delayMs, callback, options);
        },
      };
      const office = createBroken({ outbox: directory(), clock: watched });
      const expected = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
      for (const [index, delayMs] of expected.entries()) {
        await threadTrouble(office, index + 1);
        await clock.advance(delayMs);
      }
      expect(delays.filter((delayMs) => delayMs !== 1_000)).toEqual(expected);
      expect(JSON.stringify(office.troubles())).not.toContain('Cannot find module');
      const closing = expectNoAnswer(office, 10);
      await passTimeUntil(closing, clock);
    });

    it('A1: counts as starting until it has ended three times, and no longer', async () => {
      const office = createBroken({ outbox: directory(), clock });
      expect(office.isStarting()).toBe(true);
      for (const [index, delayMs] of [50, 100].entries()) {
        await threadTrouble(office, index + 1);
        expect(office.isStarting()).toBe(true);
        await clock.advance(delayMs);
      }
      await threadTrouble(office, 3);
      expect(office.isStarting()).toBe(false);
      await passTimeUntil(expectNoAnswer(office, 10), clock);
    });

    it('leaves a close within its time limit, everything given back, and no timer', async () => {
      const office = createBroken({ outbox: directory(), clock });
      const answer = office.accept(sampleNotifications(1));
      await threadTrouble(office);
      const closing = expectNoAnswer(office, 500);
      await clock.advance(2_500);
      await closing;
      expect(await answer).toMatchObject([{ reason: 'closed' }]);
      while (office.closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1_000);
      expect(clock.timerCount).toBe(0);
      await expect(office.stats()).rejects.toMatchObject({ code: 'ERR_CRM_OUTBOX', retryable: false });
    });
  });

  it('has a CRM that is down takes everything all the same, and says so once (case 36)', async () => {
    const gone = await start();
    await gone.close();
    const { office } = open(gone.url);
    const lanes = 100;
    const accepted: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const batch = Array.from({ length: 50 }, (_, index) =>
        sampleNotification({ lane: `lane:${String((round * 50 + index) % lanes)}` }),
      );
      accepted.push(...batch.map(({ id }) => id));
      expect(await office.accept(batch)).toEqual(batch.map(() => taken));
    }
    await office.hear('paused');
    expect(await office.stats()).toMatchObject({ pending: 2_000, delivered: 0, dead: 0 });
    const crm = await start(accept, gone.port);
    await office.hear('delivered', 2_000);
    const arrived = idsOf(crm.received);
    expect(arrived).toHaveLength(2_000);
    for (let lane = 0; lane < lanes; lane += 1) {
      const inLane = accepted.filter((_, index) => index % lanes === lane);
      const isInLane = new Set(inLane);
      expect(arrived.filter((id) => isInLane.has(id))).toEqual(inLane);
    }
    expect([office.told('paused'), office.told('resumed'), office.troubles()].map((told) => told.length)).toEqual([
      1, 1, 0,
    ]);
  });
});

async function expectNoAnswer(office: PostOffice, timeoutMs: number): Promise<void> {
  await expect(office.close(timeoutMs)).rejects.toMatchObject({ code: 'ERR_CRM_OUTBOX', retryable: true });
}
