import type { DeadFilter } from '../../../src/outbox/outbox.js';
import type { AllDeadLetters, OutboxAccess } from '../../../src/outbox/outbox-access.js';
import { expireDead } from '../../../src/outbox/postgres/dead-letters.js';
import { createPostgresAccess } from '../../../src/outbox/postgres/postgres-access.js';
import { createDeferred } from '../../helpers/deferred.js';
import { openPostgresTables, type PostgresTables } from '../../helpers/postgres-tables.js';
import { sampleAt, sampleNotification, sampleNotifications } from '../../helpers/sample-notification.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';

const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
const idsOf = (entries: readonly { readonly id: string }[]): string[] => entries.map(({ id }) => id);

describeOnPostgres('what is in an outbox in PostgreSQL', () => {
  const createDatabase = usePostgres();
  let stored: PostgresTables;
  let access: OutboxAccess;
  beforeEach(async () => {
    stored = await openPostgresTables(await createDatabase());
    access = createPostgresAccess({ run: stored.run, table: stored.outbox.table });
  });
  afterEach(() => stored.close());

  it('is empty at first', async () => {
    expect(await access.counts()).toEqual({ pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined });
    expect(await access.targets()).toEqual([]);
    expect(await access.readAfter('crm', 0, 10)).toEqual([]);
    expect(await access.listDead({ limit: 10 })).toEqual([]);
  });

  it('is counted, of one target or of all, in bytes as they are posted', async () => {
    const [one, other, third] = ['{"message":"Grüße"}', '{}', '{"a":1}'].map((body) => sampleNotification({ body }));
    await stored.append([one!, { ...other!, target: 'other' }, third!]);
    await stored.die([third!.id]);
    const oldestAcceptedAt = expect.any(Number) as number;
    expect(await access.counts()).toEqual({ pending: 2, pendingBytes: 23, dead: 1, oldestAcceptedAt });
    expect(await access.counts('crm')).toMatchObject({ pending: 1, pendingBytes: 21, dead: 1 });
    expect(await access.counts('other')).toMatchObject({ pending: 1, pendingBytes: 2, dead: 0 });
    expect(await access.counts('none')).toMatchObject({ pending: 0, dead: 0, oldestAcceptedAt: undefined });
    expect([...(await access.targets())].sort()).toEqual(['crm', 'other']);
    await stored.run(`DELETE FROM ${stored.tables.pending}`);
    expect(await access.targets()).toEqual(['crm']);
  });

  it('has for each what waits before and after it in its lane, and the nearest, the nearest first', async () => {
    const inLane = sampleNotifications(9, { lane: 'user:a\0' });
    const others = [sampleNotification({ lane: 'user:b' }), sampleNotification({ lane: 'user:a\0', target: 'sales' })];
    await stored.append([...inLane.slice(0, 4), ...others, ...inLane.slice(4)]);
    const ids = idsOf(inLane);
    const [found] = await access.find(ids[5]!);
    const [previous, next] = [[ids[4], ids[3], ids[2]], ids.slice(6)];
    const place = await access.placeInLane('crm', 'user:a\0', found!.position);
    expect(place).toEqual({ before: 5, after: 3, previous, next });
  });

  it('is read page by page, oldest first, with the bytes that were written', async () => {
    const body = '{"message":"Grüße \u2028 \\u0000","n":1.50}';
    const notifications = [
      sampleNotification({ body, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
      sampleNotification({ body: Buffer.from(body), target: 'other' }),
      sampleNotification({ lane: 'user:a\0b' }),
    ];
    await stored.append(notifications);
    const [first] = await access.readAfter('crm', 0, 1);
    expect(first).toEqual({
      ...notifications[0],
      body: Buffer.from(body),
      position: expect.any(Number),
      attempts: 0,
      nextAttemptAt: 0,
      acceptedAt: expect.any(Number),
    });
    expect(Math.abs(first!.acceptedAt - Date.now())).toBeLessThan(60_000);
    const rest = await access.readAfter('crm', first!.position, 10);
    expect(rest).toMatchObject([{ id: notifications[2]!.id, lane: 'user:a\u2400b', traceparent: undefined }]);
    expect(await access.readAfter('crm', rest[0]!.position, 10)).toEqual([]);
    expect((await access.readAfter('other', 0, 10))[0]!.body).toEqual(Buffer.from(body));
  });

  it('shows the next attempt of what waits, and ages from the last jump of the server’s clock', async () => {
    await stored.append(sampleNotifications(1));
    await stored.run(`UPDATE ${stored.tables.pending} SET attempts = 3, due_at = $1, accepted_at = $2`, [
      '2033-05-18T03:33:20.250Z',
      '1999-01-01T00:00:00Z',
    ]);
    await stored.run(`UPDATE ${stored.tables.state} SET ages_from = $1`, ['2001-09-09T01:46:40.125Z']);
    const [entry] = await access.readAfter('crm', 0, 1);
    expect(entry).toMatchObject({ attempts: 3, nextAttemptAt: 2_000_000_000_250, acceptedAt: 1_000_000_000_125 });
    expect((await access.counts()).oldestAcceptedAt).toBe(1_000_000_000_125);
  });

  it('lists dead letters newest first, page by page', async () => {
    const notifications = sampleNotifications(5);
    const ids = idsOf(notifications);
    await stored.append(notifications);
    await stored.die(ids);
    expect(idsOf(await access.listDead({ limit: 10 }))).toEqual([...ids].reverse());
    const page = await access.listDead({ limit: 2 });
    expect(idsOf(page)).toEqual([ids[4], ids[3]]);
    expect(idsOf(await access.listDead({ limit: 2, before: page[1]!.position }))).toEqual([ids[2], ids[1]]);
    expect(page[0]).toEqual({
      target: 'crm',
      id: ids[4],
      type: 'booking_created',
      lane: 'booking:456',
      occurredAt: sampleAt,
      diedAt: expect.any(Number),
      attempts: 1,
      reason: { kind: 'rejected', status: 422, detail: 'no' },
      position: page[0]!.position,
    });
  });

  describe('finds dead letters by a text', () => {
    const lanes = ['booking:100%', 'booking:a_b', 'booking:a\\b', 'user:Ä', 'user:x\0y'];
    beforeEach(async () => {
      // Ids are searched as well, and one at random may have 422 in it.
      const idOf = (number: number): string => `01900000-0000-7000-8000-00000000000${String(number)}`;
      const notifications = lanes.map((lane, index) =>
        sampleNotification({ id: idOf(index), lane, type: 'booking_created' }),
      );
      await stored.append(notifications);
      await stored.die(idsOf(notifications), { kind: 'rejected', status: 422, detail: 'No Such User' });
      const expired = sampleNotification({
        id: idOf(lanes.length),
        lane: 'event:7',
        type: 'event_updated',
        target: 'other',
      });
      await stored.append([expired]);
      await stored.die([expired.id], { kind: 'expired', detail: 'too old' });
    });

    it.each<[DeadFilter, number]>([
      [{ search: '' }, 6],
      [{ search: '100%' }, 1],
      [{ search: '%' }, 1],
      [{ search: 'a_b' }, 1],
      [{ search: 'A\\B' }, 1],
      [{ search: 'x\0Y' }, 1],
      [{ search: 'ä' }, 0],
      [{ search: 'Ä' }, 1],
      [{ search: 'EVENT_' }, 1],
      [{ search: '422' }, 5],
      [{ search: 'no such user' }, 5],
      [{ search: 'Expired' }, 1],
      [{ search: 'expired', target: 'crm' }, 0],
      [{ target: 'crm' }, 5],
      [{ search: 'nowhere' }, 0],
    ])('%j: %i', async (filter, count) => {
      expect(await access.listDead({ ...filter, limit: 10 })).toHaveLength(count);
      expect(await access.discardAll(filter)).toBe(count);
      expect(await access.listDead({ limit: 10 })).toHaveLength(6 - count);
    });

    it('by their ids', async () => {
      const [letter] = await access.listDead({ limit: 1 });
      expect(await access.listDead({ search: letter!.id.toUpperCase().slice(-12), limit: 10 })).toEqual([letter]);
    });
  });

  it('finds an id, pending or dead, of one target or of all', async () => {
    const notification = sampleNotification({ body: '{"a":1}' });
    const { id } = notification;
    await stored.append([notification]);
    await stored.die([id]);
    await stored.append([{ ...notification, target: 'other' }]);
    expect(await access.find(id.toUpperCase())).toMatchObject([
      { state: 'pending', id, target: 'other', body: Buffer.from('{"a":1}') },
      { state: 'dead', id, target: 'crm', reason: { status: 422 }, body: Buffer.from('{"a":1}') },
    ]);
    expect(await access.find(id, 'crm')).toMatchObject([{ state: 'dead' }]);
    expect(await access.find(id, 'other')).toMatchObject([{ state: 'pending' }]);
    expect(await access.find(id, 'none')).toEqual([]);
    expect(await access.find(unknownId)).toEqual([]);
  });

  it('has nothing under an id that is no UUID', async () => {
    expect(await access.find('my-own-id')).toEqual([]);
    expect(await access.redeliver('my-own-id')).toBe(0);
    expect(await access.discard("'; DROP TABLE x")).toBe(0);
  });

  describe('redelivering', () => {
    it('puts a dead letter at the end of its lane: same id, same bytes, no attempts', async () => {
      const [first, second] = [sampleNotification({ body: '{ "a": 1.0 }' }), sampleNotification()];
      await stored.append([first, second]);
      await stored.run(
        `UPDATE ${stored.tables.pending} SET accepted_at = '2001-01-01', attempts = 5, due_at = '2033-01-01'`,
      );
      await stored.die([first.id]);
      expect(await access.redeliver(first.id)).toBe(1);
      expect(await access.redeliver(first.id)).toBe(0);
      expect(await access.redeliver(unknownId)).toBe(0);
      const pending = await access.readAfter('crm', 0, 10);
      expect(idsOf(pending)).toEqual([second.id, first.id]);
      expect(pending[1]).toMatchObject({
        ...first,
        body: Buffer.from('{ "a": 1.0 }'),
        attempts: 0,
        nextAttemptAt: 0,
      });
      expect(Date.now() - pending[1]!.acceptedAt).toBeLessThan(60_000);
      expect(await access.counts()).toMatchObject({ pending: 2, dead: 0 });
    });

    it('leaves one dead whose id its target has pending', async () => {
      const notification = sampleNotification();
      await stored.append([notification]);
      await stored.die([notification.id]);
      await stored.append([notification]);
      expect(await access.redeliver(notification.id)).toBe(0);
      expect(await access.redeliverAll({})).toBe(0);
      expect(await access.counts()).toMatchObject({ pending: 1, dead: 1 });
    });

    it('of one target leaves those of others', async () => {
      const notification = sampleNotification();
      await stored.append([notification, { ...notification, target: 'other' }]);
      await stored.die([notification.id]);
      expect(await access.redeliver(notification.id, 'other')).toBe(1);
      expect(await access.discard(notification.id, 'other')).toBe(0);
      expect(await access.discard(notification.id, 'crm')).toBe(1);
      expect(await access.counts()).toMatchObject({ pending: 1, dead: 0 });
    });

    it('wakes the process that delivers', async () => {
      const notifications = sampleNotifications(2);
      await stored.append(notifications);
      await stored.die(idsOf(notifications));
      for (const redeliver of [() => access.redeliver(notifications[0]!.id), () => access.redeliverAll({})]) {
        const woken = createDeferred();
        const listening = await stored.server.listen(stored.tables.channel, woken.resolve, () => undefined);
        expect(await redeliver()).toBe(1);
        await woken.promise;
        listening.close();
      }
    });
  });

  describe('all dead letters', () => {
    const count = 1_200;
    let ids: string[];
    beforeEach(async () => {
      const notifications = sampleNotifications(count);
      ids = idsOf(notifications);
      await stored.append(notifications);
      await stored.die(ids);
    });

    it('are redelivered oldest first', async () => {
      expect(await access.redeliverAll({})).toBe(count);
      expect(idsOf(await access.readAfter('crm', 0, count))).toEqual(ids);
      expect(await access.counts()).toMatchObject({ pending: count, dead: 0 });
    });

    const changeAll: Readonly<Record<string, (which: AllDeadLetters, onPiece?: () => boolean) => Promise<number>>> = {
      redeliverAll: (which, onPiece) => access.redeliverAll(which, onPiece),
      discardAll: (which, onPiece) => access.discardAll(which, onPiece),
    };

    describe.each(Object.entries(changeAll))('by %s', (_name, change) => {
      it('are changed piece by piece, until it is to stop', async () => {
        let pieces = 0;
        expect(await change({}, () => (pieces += 1) < 3)).toBe(1_000);
        expect(idsOf(await access.listDead({ limit: count }))).toEqual(ids.slice(1_000).reverse());
        expect(await change({}, () => false)).toBe(0);
        expect(await change({})).toBe(200);
      });

      it('are changed up to a position', async () => {
        const [newest] = await access.listDead({ limit: 1 });
        expect(await change({ upTo: newest!.position - 1 })).toBe(count - 1);
        expect(idsOf(await access.listDead({ limit: 2 }))).toEqual([newest!.id]);
      });

      it('are changed where a text is in them, in any piece', async () => {
        expect(await change({ search: ids[1_100]! })).toBe(1);
        expect(await change({ search: ids[1_100]! })).toBe(0);
        expect((await access.counts()).dead).toBe(count - 1);
      });

      it('do not include those that die meanwhile', async () => {
        const late = sampleNotification();
        await stored.append([late]);
        let dying: Promise<void> | undefined;
        const changed = await change({}, () => {
          dying ??= stored.die([late.id]);
          return true;
        });
        await dying;
        expect(changed).toBe(count);
        expect(idsOf(await access.listDead({ limit: 2 }))).toEqual([late.id]);
      });
    });

    it('are redelivered once by two at the same time', async () => {
      const changed = await Promise.all([access.redeliverAll({}), access.redeliverAll({})]);
      expect(changed[0] + changed[1]).toBe(count);
      expect(await access.counts()).toMatchObject({ pending: count, dead: 0 });
    });
  });

  describe('dead letters that are too old', () => {
    const hourMs = 3_600_000;
    const expire = (retentionMs: number, limit = 100): Promise<number> =>
      expireDead(stored.run, stored.outbox.table, retentionMs, limit);
    let ids: string[];
    beforeEach(async () => {
      const notifications = sampleNotifications(3);
      ids = idsOf(notifications);
      await stored.append(notifications);
      await stored.die(ids);
      for (const [index, id] of ids.entries()) {
        await stored.run(
          `UPDATE ${stored.tables.dead} SET died_at = clock_timestamp() - $2 * interval '1 hour' WHERE id = $1`,
          [id, 3 - index],
        );
      }
    });

    it('are removed, the oldest first and only so many', async () => {
      expect(await expire(4 * hourMs)).toBe(0);
      expect(await expire(Number.MAX_SAFE_INTEGER)).toBe(0);
      expect(await expire(1.5 * hourMs, 1)).toBe(1);
      expect(idsOf(await access.listDead({ limit: 5 }))).toEqual([ids[2], ids[1]]);
      expect(await expire(1.5 * hourMs)).toBe(1);
      expect(await expire(1.5 * hourMs)).toBe(0);
    });

    it('do not age by a jump of the server’s clock', async () => {
      await stored.run(`UPDATE ${stored.tables.state} SET ages_from = clock_timestamp() - interval '30 minutes'`);
      expect(await expire(0.6 * hourMs)).toBe(0);
      expect(await expire(0.4 * hourMs)).toBe(3);
    });
  });
});
