import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { CRMOutboxError, type NotifierOptions } from '../../src/index.js';
import { notificationIn, settle, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const nothing = { delivered: 0, pending: 0, dead: 0 };

describe('the end of a notifier', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createOnDisk = (options: NotifierOptions): ObservedNotifier =>
    create({ outbox: directory(), sync: 'normal', clock, ...options });
  const byLane =
    (answers: Readonly<Record<string, Answer>>): Answer =>
    (received, res) => {
      (answers[laneOf(received)] ?? accept)(received, res);
    };
  const neverAnswer: Answer = () => undefined;
  /** Whether a promise is still open after all that can happen has happened. */
  const isOpen = async (promise: Promise<unknown>): Promise<boolean> => {
    let open = true;
    void promise.then(() => (open = false));
    await settle(clock);
    return open;
  };

  describe('flush', () => {
    it('resolves when nothing is due any more, and reports what came of everything', async () => {
      const crm = await start(byLane({ dead: reply(422), later: reply(503, '', { 'retry-after': '60' }) }));
      const notifier = createOnDisk({ baseUrl: crm.url });
      await notifier.accept('a', 'a', 'b', 'dead', 'later', 'later');
      expect(await notifier.flush()).toEqual({ delivered: 3, pending: 2, dead: 1 });
      // Each reports what came after its own call.
      expect(await notifier.flush()).toEqual({ delivered: 0, pending: 2, dead: 0 });
    });

    it('waits for what is being accepted when it is called, and for what is accepted meanwhile', async () => {
      const held: (() => void)[] = [];
      const crm = await start((received, res) => held.push(() => accept(received, res)));
      const notifier = createOnDisk({ baseUrl: crm.url });
      void notifier.accept('a');
      const flushed = notifier.flush();
      await crm.waitFor(1);
      await notifier.accept('b');
      await crm.waitFor(2);
      held[0]!();
      await notifier.hear('delivered');
      expect(await isOpen(flushed)).toBe(true);
      held[1]!();
      expect(await flushed).toEqual({ delivered: 2, pending: 0, dead: 0 });
    });

    it('resolves at its time limit, and lets delivery go on', async () => {
      const held: ServerResponse[] = [];
      const crm = await start((_received, res) => held.push(res));
      const notifier = createOnDisk({ baseUrl: crm.url });
      await notifier.accept('a');
      await crm.waitFor(1);
      const flushed = notifier.flush({ timeoutMs: 200 });
      await settle(clock);
      await clock.advance(199);
      expect(await isOpen(flushed)).toBe(true);
      await clock.advance(1);
      expect(await flushed).toEqual({ delivered: 0, pending: 1, dead: 0 });
      held[0]!.end('{}');
      await notifier.hear('delivered');
    });
  });

  describe('close', () => {
    it('delivers what is due, reports, and leaves the rest', async () => {
      const crm = await start(byLane({ dead: reply(422), later: reply(503, '', { 'retry-after': '60' }) }));
      const notifier = createOnDisk({ baseUrl: crm.url });
      void notifier.accept('a', 'dead', 'later', 'b');
      const report = await notifier.close();
      expect(report).toEqual({ delivered: 2, pending: 1, dead: 1 });
      expect(await notifier.stats()).toMatchObject({ accepted: 4, delivered: 2, pending: 1, dead: 1, inFlight: 0 });
      expect(clock.timerCount).toBe(0);
    });

    it('cuts off at its time limit what the CRM has not answered; the next start sends it under the same id', async () => {
      const crm = await start(neverAnswer);
      const before = createOnDisk({ baseUrl: crm.url });
      const ids = await before.accept('a', 'b', 'a');
      await crm.waitFor(2);
      const closed = before.notifier.close({ timeoutMs: 200 });
      await settle(clock);
      await clock.advance(199);
      expect(await isOpen(closed)).toBe(true);
      await clock.advance(1);
      expect(await closed).toEqual({ delivered: 0, pending: 3, dead: 0 });
      expect(before.told('retry')).toEqual([]);
      expect(before.log.at('error')).toEqual([]);

      crm.answerWith(accept);
      const after = createOnDisk({ baseUrl: crm.url });
      await after.hear('delivered', 3);
      const [first, , ...again] = crm.received;
      expect(new Set(idsOf(again))).toEqual(new Set(ids));
      expect(again).toHaveLength(3);
      expect(again.find((received) => idsOf([received])[0] === ids[0])?.text).toBe(first?.text);
    });

    it('keeps its time limit while the CRM cannot be reached', async () => {
      const gone = await start();
      await gone.close();
      const notifier = createOnDisk({ baseUrl: gone.url });
      await notifier.accept('a');
      await notifier.hear('unsent');
      expect(await notifier.close(300)).toEqual({ delivered: 0, pending: 1, dead: 0 });
      expect(clock.monotonicMs()).toBeLessThanOrEqual(320);
    });

    it('keeps its time limit while the token provider hangs', async () => {
      const crm = await start();
      const asked = { count: 0 };
      const authToken = (): Promise<string> => {
        asked.count += 1;
        return new Promise(() => undefined);
      };
      const notifier = createOnDisk({ baseUrl: crm.url, authToken });
      await notifier.accept('a');
      await settle(clock);
      expect(asked.count).toBeGreaterThan(0);
      expect(await notifier.close(300)).toEqual({ delivered: 0, pending: 1, dead: 0 });
      expect(clock.monotonicMs()).toBeLessThanOrEqual(320);
      // What the attempt comes to afterwards changes nothing.
      await clock.advance(60_000);
      expect([notifier.told('retry'), notifier.told('unsent'), notifier.troubles(), crm.received]).toEqual([
        [],
        [],
        [],
        [],
      ]);
    });

    it('answers the first report again, at the same time and later', async () => {
      const crm = await start();
      const { notifier, accept: acceptIn } = createOnDisk({ baseUrl: crm.url });
      await acceptIn('a');
      const [first, second] = await Promise.all([notifier.close(), notifier.close({ timeoutMs: 1 })]);
      expect(first).toEqual({ delivered: 1, pending: 0, dead: 0 });
      expect([second, await notifier.close(), await notifier.flush()]).toEqual([first, first, first]);
      await notifier[Symbol.asyncDispose]();
    });

    it('may come before the outbox is even open, which is free afterwards', async () => {
      const crm = await start();
      expect(await createOnDisk({ baseUrl: crm.url }).close()).toEqual(nothing);
      const next = createOnDisk({ baseUrl: crm.url });
      await next.accept('a');
      await next.hear('delivered');
    });

    it('ends a flush under way', async () => {
      const crm = await start(neverAnswer);
      const notifier = createOnDisk({ baseUrl: crm.url });
      await notifier.accept('a');
      await crm.waitFor(1);
      const flushed = notifier.flush({ timeoutMs: 60_000 });
      await settle(clock);
      expect(await notifier.close(10)).toEqual({ delivered: 0, pending: 1, dead: 0 });
      expect(await flushed).toEqual({ delivered: 0, pending: 1, dead: 0 });
    });

    it('ends the connections', async () => {
      const crm = await start();
      const closings: Promise<unknown>[] = [];
      crm.answerWith((received, res) => {
        closings.push(once(res.socket!, 'close'));
        accept(received, res);
      });
      const notifier = createOnDisk({ baseUrl: crm.url });
      await notifier.accept('a', 'b');
      await notifier.hear('delivered', 2);
      await notifier.close();
      await Promise.all(closings);
    });
  });

  it('makes every later call say so, and none throw', async () => {
    const crm = await start();
    const observed = createOnDisk({ baseUrl: crm.url });
    const { notifier } = observed;
    await observed.close();
    const receipt = await notifier.notify(notificationIn('a'));
    if (receipt.accepted) throw new Error('accepted');
    expect(receipt.error).toBeInstanceOf(CRMOutboxError);
    expect(receipt.error).toMatchObject({ message: 'the notifier is closed', retryable: false });
    expect(observed.told('rejected')).toHaveLength(1);
    for (const call of [
      () => notifier.deadLetters.list(),
      () => notifier.deadLetters.redeliver('some'),
      () => notifier.deadLetters.redeliverAll(),
      () => notifier.deadLetters.discard('some'),
      () => notifier.deadLetters.discardAll(),
    ]) {
      await expect(call()).rejects.toThrow(CRMOutboxError);
    }
    expect(await notifier.flush()).toEqual(nothing);
    expect(await notifier.stats()).toMatchObject({ accepted: 0, rejected: 1, pending: 0 });
    expect(await notifier.service.testConnection()).toBe(false);
    await settle(clock);
    expect(crm.received).toEqual([]);
  });
});
