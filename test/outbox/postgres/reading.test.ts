import type { AcceptedNotification, Settlement } from '../../../src/outbox/outbox.js';
import { insertStatement } from '../../../src/outbox/postgres/insert-statement.js';
import { createPostgresAccess } from '../../../src/outbox/postgres/postgres-access.js';
import type { RunSql } from '../../../src/outbox/postgres/postgres-server.js';
import { createRowReader, type NewRows, type RowReader } from '../../../src/outbox/postgres/read-rows.js';
import { settleRows } from '../../../src/outbox/postgres/settle-rows.js';
import { createRowWindow } from '../../../src/outbox/postgres/window.js';
import { createWindowFiller, type WindowFiller } from '../../../src/outbox/postgres/window-filler.js';
import { createOwnedClock, type OwnedClock } from '../../../src/testing/owned-clock.js';
import { createDeferred } from '../../helpers/deferred.js';
import { openPostgresTables, type PostgresTables } from '../../helpers/postgres-tables.js';
import { sampleNotification, sampleNotifications } from '../../helpers/sample-notification.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';

const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
const idsOf = (entries: readonly { readonly id: string }[]): string[] => entries.map(({ id }) => id);

/** A transaction of the app that stays open. */
interface OpenTransaction {
  commit(): Promise<void>;
}

describeOnPostgres('reading what is new', () => {
  const createDatabase = usePostgres();
  let stored: PostgresTables;
  let reader: RowReader;
  const open: OpenTransaction[] = [];
  beforeEach(async () => {
    stored = await openPostgresTables(await createDatabase());
    reader = createRowReader({
      run: stored.run,
      tables: stored.tables,
      now: Date.now,
      maxWaitMs: 3_600_000,
      target: 'crm',
    });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((transaction) => transaction.commit()));
    await stored.close();
  });

  const insert = async (run: RunSql, notifications: readonly AcceptedNotification[]): Promise<void> => {
    for (const notification of notifications) {
      const { text, values } = insertStatement(stored.outbox.table, notification);
      await run(text, values);
    }
  };

  const wait = (id: string, run: RunSql = stored.run): Promise<unknown> =>
    run(`UPDATE ${stored.tables.pending} SET due_at = clock_timestamp() + interval '30 minutes' WHERE id = $1`, [id]);

  /** Writes these in a transaction that is not committed yet; one of them waits for its next attempt. */
  const begin = async (notifications: readonly AcceptedNotification[], waiting?: string): Promise<OpenTransaction> => {
    const written = createDeferred<undefined>();
    const committing = createDeferred<undefined>();
    const committed = stored.server.inTransaction(async (run) => {
      await insert(run, notifications);
      if (waiting !== undefined) await wait(waiting, run);
      written.resolve(undefined);
      await committing.promise;
    });
    await written.promise;
    const transaction = {
      commit: () => {
        committing.resolve(undefined);
        return committed;
      },
    };
    open.push(transaction);
    return transaction;
  };

  const remove = (id: string): Promise<unknown> =>
    stored.run(`DELETE FROM ${stored.tables.pending} WHERE id = $1`, [id]);

  describe('by the reader', () => {
    const read = async (last?: NewRows, limit = 1_000): Promise<NewRows> =>
      reader.readNew({ after: last?.after ?? 0, sight: last?.sight, limit, nothingUpTo: 0 });

    it('finds each row once, whenever its transaction commits', async () => {
      const [early, late, lateToo, next] = sampleNotifications(4);
      const first = await begin([late!]);
      await stored.append([early!]);
      const second = await begin([lateToo!]);
      await stored.append([next!]);
      const one = await read();
      expect(idsOf(one.rows)).toEqual([early!.id, next!.id]);
      expect(await read(one)).toMatchObject({ rows: [], isAll: true });
      await second.commit();
      const two = await read(one);
      expect(idsOf(two.rows)).toEqual([lateToo!.id]);
      await first.commit();
      const three = await read(two);
      expect(idsOf(three.rows)).toEqual([late!.id]);
      expect((await read(three)).rows).toEqual([]);
    });

    it('reads everything again, in order, after more have committed late than fit', async () => {
      const many = sampleNotifications(600);
      const [ahead, behind] = sampleNotifications(2);
      const late = await begin(many);
      await stored.append([ahead!]);
      const one = await read();
      await stored.append([behind!]);
      await late.commit();
      const cut = await read(one);
      expect(cut).toMatchObject({ rows: [], after: 0, isAll: false });
      const page = await read(cut, 400);
      expect(idsOf(page.rows)).toEqual(idsOf(many.slice(0, 400)));
      expect(page.isAll).toBe(false);
      const rest = await read(page, 400);
      expect(idsOf(rest.rows)).toEqual(idsOf([...many.slice(400), ahead!, behind!]));
      expect(rest.isAll).toBe(true);
    });

    it('leaves out lanes that wait, and says where the first row is all the same', async () => {
      const [head, follower] = sampleNotifications(2, { lane: 'a' });
      const other = sampleNotification({ lane: 'b' });
      await stored.append([head!, follower!, other]);
      await wait(head!.id);
      const found = await read();
      expect(idsOf(found.rows)).toEqual([other.id]);
      expect(found.rows[0]!.seq - found.first!).toBe(2);
    });

    it('says where the first row is when that committed late into a lane that waits', async () => {
      const [waiting, other] = sampleNotifications(2);
      const late = await begin([waiting!], waiting!.id);
      await stored.append([other!]);
      const one = await read();
      await late.commit();
      expect(await read(one)).toMatchObject({ rows: [], first: one.first! - 1 });
    });
  });

  it('passes no dead rows, nor does settling, where the server believes that the table is empty', async () => {
    const { tables } = stored;
    // While this is open, no dead row can be removed.
    await begin(sampleNotifications(1, { lane: 'elsewhere' }));
    await stored.run(
      `INSERT INTO ${tables.pending} (id, target, type, lane, occurred_at, body)
       SELECT gen_random_uuid(), 'crm', 't', 'a', 1, '{}' FROM generate_series(1, 5000)`,
    );
    await stored.run(`UPDATE ${tables.pending} SET due_at = clock_timestamp()`);
    await stored.run(`DELETE FROM ${tables.pending}`);
    await stored.run(`VACUUM ANALYZE ${tables.pending}`);
    const [first, second, third] = sampleNotifications(3, { lane: 'b' });
    await stored.append([first!, second!, third!]);
    const after = Number((await stored.run(`SELECT min(seq) - 1 AS after FROM ${tables.pending}`))[0]!['after']);

    const touched: Record<string, number> = {};
    const run: RunSql = async (text, values, { name = '' } = {}) => {
      const explained = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`;
      const [row] = await stored.run(explained, values, { name: `explain_${name}` });
      const [{ Plan: plan }] = JSON.parse(row!['QUERY PLAN'] as string) as [{ Plan: Record<string, number> }];
      touched[name] = plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
      return stored.run(text, values, { name });
    };
    const watched = createRowReader({ run, tables, target: 'crm', now: Date.now, maxWaitMs: 3_600_000 });
    const { sight } = await reader.readNew({ after, sight: undefined, limit: 10, nothingUpTo: after });
    await watched.readNew({ after, sight, limit: 10, nothingUpTo: after });
    await watched.readLanes([{ lane: 'b', target: 'crm', after: 0 }]);
    const settle = (settlement: Settlement): Promise<number> =>
      settleRows({ run, tables, processId: unknownId, now: Date.now }, [settlement]);
    await settle({ kind: 'delivered', target: 'crm', id: first!.id, position: 1 });
    await settle({ kind: 'retry', target: 'crm', id: second!.id, position: 2, attempts: 1, nextAttemptAt: 1 });
    expect(Object.keys(touched)).toEqual(['crm_new', 'crm_lanes', 'crm_delivered', 'crm_settle']);
    // It would be 5,000 otherwise.
    expect(Math.max(...Object.values(touched))).toBeLessThan(500);
  });

  describe('over and over by the filler', () => {
    let clock: OwnedClock;
    let filler: WindowFiller;
    let arrived: string[];
    let readAfter: number[];
    let wanted: string[];
    const createFiller = (maxRows?: number): WindowFiller =>
      createWindowFiller({
        maxRows,
        reader: {
          ...reader,
          readNew(options) {
            readAfter.push(options.after);
            return reader.readNew(options);
          },
        },
        window: createRowWindow(),
        clock,
        pollMs: () => 3_600_000,
        onArrived: (notifications) => arrived.push(...idsOf(notifications)),
        onWanted: (ids) => wanted.push(...ids),
        onFailure(error) {
          throw error;
        },
        onSuccess: () => undefined,
        onServerRestart: () => undefined,
        isSettled: () => false,
      });
    beforeEach(async () => {
      clock = createOwnedClock();
      [arrived, readAfter, wanted] = [[], [], []];
      filler = createFiller();
      filler.start();
      // Nothing of a test is there for it yet.
      await filler.readNow();
    });
    afterEach(() => {
      filler.stop();
    });

    const readAll = async (): Promise<void> => {
      filler.readAllSoon();
      await filler.readNow();
    };

    it('goes on from where it was once all is delivered, and reads everything again from there', async () => {
      const notifications = sampleNotifications(3);
      await filler.readNow();
      await stored.append(notifications);
      await filler.readNow();
      await Promise.all(idsOf(notifications).map(remove));
      await readAll();
      const reads = readAfter.length;
      await filler.readNow();
      await readAll();
      await filler.readNow();
      expect(readAfter.slice(reads)).toEqual([3, 3, 3]);
    });

    it('finds what waited behind a head that somebody else has removed', async () => {
      const [head, follower] = sampleNotifications(2, { lane: 'a' });
      const other = sampleNotification({ lane: 'b' });
      await stored.append([head!, follower!]);
      await wait(head!.id);
      await stored.append([other]);
      await filler.readNow();
      await readAll();
      await readAll();
      expect(arrived).toEqual([other.id]);
      await remove(head!.id);
      await filler.readNow();
      expect(arrived).toEqual([other.id]);
      await readAll();
      expect(arrived).toEqual([other.id, follower!.id]);
    });

    it('finds what somebody wants though it waits and the window is full, and obeys each wish once', async () => {
      const lanes = ['a', 'b', 'c', 'd'];
      const [waiting, ...others] = lanes.map((lane) => sampleNotification({ lane }));
      await stored.append([waiting!]);
      await wait(waiting!.id);
      await stored.append(others);
      filler.stop();
      filler = createFiller(2);
      filler.start();
      await filler.readNow();
      const access = createPostgresAccess({ run: stored.run, table: stored.outbox.table });
      for (const { id } of [waiting!, others[0]!, others[0]!]) {
        expect(await access.tryNow(id)).toBe(1);
        await clock.advance(1_000);
        await filler.readNow();
      }
      await clock.advance(1_000);
      await filler.readNow();
      expect(wanted).toEqual([waiting!.id, others[0]!.id, others[0]!.id]);
      expect(arrived.filter((id) => id === waiting!.id || id === others[0]!.id)).toHaveLength(2);
    });

    it('reads everything once more if that was asked for while everything was being read', async () => {
      await stored.append(sampleNotifications(1));
      await filler.readNow();
      const reads = readAfter.length;
      filler.readAllSoon();
      const reading = filler.readNow();
      await Promise.resolve();
      filler.readAllSoon();
      await reading;
      await filler.readNow();
      await filler.readNow();
      expect(readAfter.slice(reads)).toEqual([0, 0, 1]);
    });

    it('finds it also if it was written before all others, and committed after they were read again', async () => {
      const [head, follower] = sampleNotifications(2, { lane: 'a' });
      const late = await begin([head!, follower!], head!.id);
      const others = sampleNotifications(3, { lane: 'b' });
      await stored.append(others);
      await filler.readNow();
      await Promise.all(idsOf(others).map(remove));
      await readAll();
      await readAll();
      await stored.append(sampleNotifications(1, { lane: 'c' }));
      await filler.readNow();
      await late.commit();
      await filler.readNow();
      await readAll();
      await readAll();
      expect(arrived).not.toContain(follower!.id);
      await remove(head!.id);
      await readAll();
      expect(arrived).toContain(follower!.id);
    });

    it('lets nothing overtake it then, though it is before all that was there', async () => {
      const [head, follower] = sampleNotifications(2, { lane: 'a' });
      const late = await begin([head!, follower!], head!.id);
      const others = sampleNotifications(3, { lane: 'b' });
      await stored.append(others);
      await filler.readNow();
      await Promise.all(idsOf(others).map(remove));
      await readAll();
      await readAll();
      await late.commit();
      await filler.readNow();
      await remove(head!.id);
      const next = sampleNotification({ lane: 'a' });
      await stored.append([next]);
      await filler.readNow();
      await filler.readNow();
      expect(arrived.slice(3)).toEqual([follower!.id, next.id]);
    });
  });
});
