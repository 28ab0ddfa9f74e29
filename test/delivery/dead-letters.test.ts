import type { NotifierOptions } from '../../src/index.js';
import { passTimeUntil, settle, testToken, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const hourMs = 3_600_000;

describe('a notification that the CRM will not take', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createOnDisk = (options: NotifierOptions): ObservedNotifier =>
    create({ outbox: directory(), sync: 'normal', clock, ...options });
  /** Takes every lane but the given one. */
  const refuseLane =
    (lane: string): Answer =>
    (received, res) => {
      (laneOf(received) === lane ? reply(422, 'no such user') : accept)(received, res);
    };

  it.each([400, 404, 405, 410, 413, 415, 418, 422, 501, 505])(
    'becomes a dead letter at %d after one attempt, with status and reason (case 39)',
    async (status) => {
      const crm = await start(inTurn(accept, reply(status, 'no such user')));
      const notifier = createOnDisk({ baseUrl: crm.url });
      await notifier.accept('taken');
      await notifier.hear('delivered');
      const [id] = await notifier.accept('a');
      const reason = { kind: 'rejected', status, detail: 'no such user' };
      expect(await notifier.hear('dead')).toMatchObject([{ id, type: 'user_moved', attempts: 1, reason }]);
      expect(await notifier.deadLetters.list()).toEqual([
        {
          target: 'crm',
          id,
          type: 'user_moved',
          lane: 'a',
          occurredAt: clock.now(),
          diedAt: clock.now(),
          attempts: 1,
          reason,
          position: 1,
        },
      ]);
      await clock.leap(hourMs);
      expect(crm.received).toHaveLength(2);
      expect(await notifier.stats()).toMatchObject({ dead: 1, pending: 0, pendingBytes: 0, delivered: 1 });
      expect(notifier.log.at('error')).toHaveLength(1);
    },
  );

  it('has a reason without the token and anything personal, however the CRM echoes them (case 47)', async () => {
    const crm = await start((received, res) => {
      const echo = JSON.stringify({ error: 'invalid', got: received.text, headers: received.headers });
      res.writeHead(400).end(`Ada Lovelace ada@example.org ${testToken} \u001b[31m${echo.repeat(40)}`);
    });
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.notifier.notify({
      notificationType: 'user_moved',
      userId: 1,
      message: 'Ada Lovelace moved',
      additionalData: { name: 'Ada Lovelace', email: 'ada@example.org', phone: 491_701_234_567 },
    });
    await notifier.hear('dead');
    const [letter] = await notifier.deadLetters.list();
    const detail = letter!.reason.detail;
    expect(detail).toContain('[redacted]');
    expect(detail.length).toBeLessThanOrEqual(1024);
    const shown = JSON.stringify([letter, notifier.told('dead'), notifier.log.lines]);
    for (const secret of [testToken, 'Ada', 'ada@', '491701234567', '\\u001b']) expect(shown).not.toContain(secret);
  });

  it('has a reason of at most 1024 characters, and says that it was cut', async () => {
    const crm = await start(reply(400, '文'.repeat(5_000)));
    const notifier = createOnDisk({ baseUrl: crm.url });
    await notifier.accept('a');
    const [dead] = await notifier.hear('dead');
    expect(dead!.reason.detail).toMatch(/^文{1023}…$/);
  });

  it('does not block its lane', async () => {
    const crm = await start(inTurn(reply(422), accept, reply(404), accept));
    const notifier = createOnDisk({ baseUrl: crm.url });
    const ids = await notifier.accept('a', 'a', 'a', 'a');
    await notifier.hear('delivered', 2);
    expect(idsOf(crm.received)).toEqual(ids);
    expect(notifier.told('dead').map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(notifier.told('delivered').map(({ id }) => id)).toEqual([ids[1], ids[3]]);
  });

  it('is listed, newest first, page by page', async () => {
    const crm = await start(reply(422));
    const notifier = createOnDisk({ baseUrl: crm.url });
    const ids = await notifier.accept(...new Array<string>(25).fill('a'));
    await notifier.hear('dead', 25);

    const pages: string[][] = [];
    for (let before: number | undefined; ;) {
      const page = await notifier.deadLetters.list({ limit: 10, before });
      if (page.length === 0) break;
      pages.push(page.map(({ id }) => id));
      before = page.at(-1)!.position;
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual([...ids].reverse());
    expect(await notifier.deadLetters.list()).toHaveLength(25);
    for (const [limit, count] of [
      [0, 1],
      [-5, 1],
      [2.9, 2],
      [NaN, 25],
      [1e9, 25],
    ] as const) {
      expect(await notifier.deadLetters.list({ limit })).toHaveLength(count);
    }
  });

  describe('redelivered', () => {
    it('is posted with the same id and bytes, at the end of its lane, as if for the first time', async () => {
      const crm = await start(inTurn(reply(422), reply(503, '', { 'retry-after': '60' }), accept));
      const notifier = createOnDisk({ baseUrl: crm.url });
      const [first, second, third] = await notifier.accept('a', 'a', 'a');
      await notifier.hear('retry');
      await settle(clock);
      expect(await notifier.deadLetters.redeliver(first!)).toBe(1);
      expect(await notifier.deadLetters.list()).toEqual([]);
      expect(await notifier.stats()).toMatchObject({ dead: 0, pending: 3 });

      await clock.advance(60_000);
      await notifier.hear('delivered', 3);
      expect(idsOf(crm.received)).toEqual([first, second, second, third, first]);
      const [before, after] = crm.received.filter(({ json }) => json?.['notification_id'] === first);
      expect(after?.text).toBe(before?.text);
      expect(after?.headers['idempotency-key']).toBe(first);
      expect(after?.headers).not.toHaveProperty('x-retry-count');
    });

    it('may die again, and counts as one', async () => {
      const crm = await start(reply(422));
      const notifier = createOnDisk({ baseUrl: crm.url });
      const [id] = await notifier.accept('a');
      await notifier.hear('dead');
      expect(await notifier.deadLetters.redeliver(id!)).toBe(1);
      await notifier.hear('dead', 2);
      expect(await notifier.deadLetters.list()).toMatchObject([{ id, attempts: 1 }]);
      expect(await notifier.stats()).toMatchObject({ dead: 1, pending: 0 });
    });

    it('is sent once when it is asked for twice (case 59)', async () => {
      const crm = await start(inTurn(reply(422), accept));
      const notifier = createOnDisk({ baseUrl: crm.url });
      const [id] = await notifier.accept('a');
      await notifier.hear('dead');
      const counts = await Promise.all([1, 2].map(() => notifier.deadLetters.redeliver(id!)));
      await notifier.hear('delivered');
      expect(counts).toEqual([1, 0]);
      expect(await notifier.deadLetters.redeliver(id!)).toBe(0);
      await settle(clock);
      expect(crm.received).toHaveLength(2);
    });

    it('are all of them, each lane in the order in which it died', async () => {
      const crm = await start(reply(422));
      const notifier = createOnDisk({ baseUrl: crm.url });
      const lanes = Array.from({ length: 30 }, (_, index) => `lane:${index % 4}`);
      await notifier.accept(...lanes);
      const died = (await notifier.hear('dead', 30)).map(({ id }) => id);
      crm.answerWith(accept);
      expect(await notifier.deadLetters.redeliverAll()).toBe(30);
      await notifier.hear('delivered', 30);
      const again = crm.received.slice(30);
      expect(new Set(idsOf(again))).toEqual(new Set(died));
      for (const lane of new Set(lanes)) {
        const inLane = idsOf(again.filter((received) => laneOf(received) === lane));
        expect(inLane).toEqual(died.filter((id) => inLane.includes(id)));
      }
      expect(await notifier.deadLetters.redeliverAll()).toBe(0);
    });
  });

  it('is gone for good when it is discarded, and only it', async () => {
    const crm = await start(refuseLane('bad'));
    const notifier = createOnDisk({ baseUrl: crm.url });
    const [kept, discarded] = await notifier.accept('bad', 'bad', 'good');
    await notifier.hear('dead', 2);
    await notifier.hear('delivered');
    expect(await notifier.deadLetters.discard(discarded!)).toBe(1);
    expect(await notifier.deadLetters.discard(discarded!)).toBe(0);
    expect(await notifier.deadLetters.redeliver(discarded!)).toBe(0);
    expect(await notifier.deadLetters.list()).toMatchObject([{ id: kept }]);
    expect(await notifier.stats()).toMatchObject({ dead: 1 });
  });

  it('is still there after a restart, and can be redelivered then', async () => {
    const crm = await start(reply(422, 'no such user'));
    const before = createOnDisk({ baseUrl: crm.url });
    const [id] = await before.accept('a');
    await before.hear('dead');
    const letters = await before.deadLetters.list();
    await before.close();

    crm.answerWith(accept);
    const after = createOnDisk({ baseUrl: crm.url });
    expect(await after.deadLetters.list()).toEqual(letters);
    await after.deadLetters.redeliver(id!);
    expect(await after.hear('delivered')).toMatchObject([{ id, attempts: 1 }]);
    expect(crm.received[1]?.text).toBe(crm.received[0]?.text);
  });

  describe('in time', () => {
    const retry = { firstDelayMs: 1_000, maxDelayMs: 1_000, maxAgeMs: 60_000 };

    it('dies of its age at the first failure after maxAgeMs, and its lane goes on', async () => {
      const crm = await start(inTurn(reply(503, '', { 'retry-after': '61' }), reply(502), accept));
      const notifier = createOnDisk({ baseUrl: crm.url, retry });
      const [id, next] = await notifier.accept('a', 'a');
      await notifier.hear('retry');
      await settle(clock);
      await clock.advance(61_000);
      const [dead] = await notifier.hear('dead');
      expect(dead).toMatchObject({ id, attempts: 2, reason: { kind: 'expired', status: 502 } });
      expect(dead!.reason.detail).toContain('maxAgeMs (60000)');
      expect((await notifier.hear('delivered'))[0]?.id).toBe(next);
    });

    it('is delivered, however old, if the CRM takes it', async () => {
      const crm = await start(inTurn(reply(503, '', { 'retry-after': '61' }), accept));
      const notifier = createOnDisk({ baseUrl: crm.url, retry });
      const [id] = await notifier.accept('a');
      await notifier.hear('retry');
      await settle(clock);
      await clock.advance(61_000);
      expect(await notifier.hear('delivered')).toMatchObject([{ id, attempts: 2 }]);
      expect(notifier.told('dead')).toEqual([]);
    });

    it('outlives an outage in which nothing could be sent, however long', async () => {
      const gone = await start();
      await gone.close();
      const breaker = { firstDelayMs: 1_000, maxDelayMs: 5_000 };
      const short = { ...retry, maxAgeMs: 10_000 };
      const notifier = createOnDisk({ baseUrl: gone.url, retry: short, breaker });
      const acceptedAt = clock.now();
      await notifier.accept('a', 'b', 'c', 'c');
      for (let unsent = 1; clock.now() - acceptedAt < 2 * short.maxAgeMs; unsent += 1)
        await clock.advanceUntil(notifier.hear('unsent', unsent));
      expect(await notifier.notifier.stats()).toMatchObject({ pending: 4, dead: 0 });
      await start(accept, gone.port);
      await clock.advanceUntil(notifier.hear('delivered', 4));
      expect(notifier.told('dead')).toEqual([]);
    });

    it('is as old as its redelivery', async () => {
      const crm = await start(reply(422));
      const notifier = createOnDisk({ baseUrl: crm.url, retry });
      const [id] = await notifier.accept('a');
      await notifier.hear('dead');
      await clock.advance(10 * 60_000);
      crm.answerWith(inTurn(reply(503), accept));
      await notifier.deadLetters.redeliver(id!);
      expect(await passTimeUntil(notifier.hear('delivered'), clock)).toMatchObject([{ id, attempts: 2 }]);
    });

    it('is removed once it has been dead for deadRetentionMs', async () => {
      const crm = await start(reply(422));
      const notifier = createOnDisk({ baseUrl: crm.url, deadRetentionMs: 24 * hourMs });
      await notifier.accept('a');
      await notifier.hear('dead');
      await clock.leap(12 * hourMs);
      const later = await notifier.accept('b');
      await notifier.hear('dead', 2);
      await clock.leap(12 * hourMs);
      expect(await notifier.deadLetters.list()).toHaveLength(2);
      // It is looked for once an hour.
      await clock.leap(hourMs);
      expect((await notifier.deadLetters.list()).map(({ id }) => id)).toEqual(later);
      expect(await notifier.stats()).toMatchObject({ dead: 1 });
    });

    it('is removed at the next start when that was meanwhile', async () => {
      const crm = await start(reply(422));
      const before = createOnDisk({ baseUrl: crm.url, deadRetentionMs: 12 * hourMs });
      await before.accept('a');
      await before.hear('dead');
      await clock.leap(10 * hourMs);
      await before.close();
      await clock.leap(10 * hourMs);
      const after = createOnDisk({ baseUrl: crm.url, deadRetentionMs: 12 * hourMs });
      expect(await after.deadLetters.list()).toEqual([]);
    });
  });
});
