import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { loadSqlite, type SqliteRow } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { passTimeUntil, useNotifiers } from '../../helpers/observed-notifier.js';
import { asideNamesIn, bytesOf, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotification, sampleNotifications } from '../../helpers/sample-notification.js';
import { accept } from '../../helpers/scripted-crm.js';
import { settleIn } from '../../helpers/settle-in.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { idsOf, useCrm } from '../../helpers/use-crm.js';

const pageSize = 4096;
/** When the fixtures were made. */
const writtenAt = Date.parse('2026-11-24T01:02:03.004Z');

const idOf = (number: number): string => `01990000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const fixture = (schema: number): string => join(__dirname, `fixtures/schema-${schema}.db`);

describe.each([
  // As the last code of each version left it.
  { schema: 1, pending: [2, 3, 4, 7, 8, 9, 10, 11, 12], positions: undefined, dead: [6, 5], next: 13, nextDead: 3 },
  // The last one was redelivered, and so has another position. The next positions were given before, to what is gone.
  {
    schema: 2,
    pending: [2, 3, 4, 5, 6, 7, 11, 12, 8],
    positions: [2, 3, 4, 5, 6, 7, 11, 12, 15],
    dead: [9],
    next: 17,
    nextDead: 4,
  },
])(
  'an outbox file of schema $schema',
  ({ schema, pending: pendingNumbers, positions, dead: deadNumbers, next, nextDead }) => {
    const create = useNotifiers();
    const start = useCrm();
    const directory = useTempDirectory();
    const file = (): string => join(directory(), 'outbox.db');
    let outbox: Outbox | undefined;
    beforeEach(() => {
      copyFileSync(fixture(schema), file());
    });
    afterEach(() => {
      outbox?.close();
      outbox = undefined;
    });

    const writeAt = (offset: number, text: string): void => {
      const bytes = bytesOf(directory());
      bytes.write(text, offset, 'latin1');
      writeFileSync(file(), bytes);
    };

    const expectAll = (held: Outbox): void => {
      const { pending, dead } = readEverything(held);
      expect(pending.map(({ target, id, position }) => [target, id, position])).toEqual(
        pendingNumbers.map((number, index) => ['crm', idOf(number), (positions ?? pendingNumbers)[index]]),
      );
      expect(dead.map(({ target, id }) => [target, id])).toEqual(deadNumbers.map((number) => ['crm', idOf(number)]));
      const pendingBytes = pending.reduce((sum, { body }) => sum + body.byteLength, 0);
      expect(held.counts()).toMatchObject({ pending: pendingNumbers.length, pendingBytes, dead: deadNumbers.length });
    };

    it('is read back whole once it is migrated', async () => {
      const complaints: Error[] = [];
      outbox = await openOutboxIn(directory(), 'normal', (error) => complaints.push(error));
      expectAll(outbox);
      expect(outbox.targets()).toEqual(['crm']);
      expect(complaints).toEqual([]);
    });

    it('goes on counting where it was, though the last ones are gone', async () => {
      outbox = await openOutboxIn(directory());
      expect(outbox.append([sampleNotification()])).toMatchObject([{ position: next }]);
      const reason = { kind: 'rejected', detail: '' } as const;
      settleIn(outbox, [{ kind: 'dead', position: next, attempts: 1, diedAt: sampleAt, reason }]);
      expect(outbox.listDead({ limit: 1 })).toMatchObject([{ position: nextDead }]);
      const upTo = Number.MAX_SAFE_INTEGER;
      expect(outbox.redeliverOldest({ upTo, limit: 10 }, sampleAt).count).toBe(deadNumbers.length + 1);
    });

    it('is delivered from', async () => {
      const crm = await start(accept);
      const clock = createOwnedClock();
      const notifier = create({ baseUrl: crm.url, outbox: directory(), sync: 'normal', clock });
      await passTimeUntil(notifier.hear('delivered', pendingNumbers.length), clock);
      expect(idsOf(crm.received).sort()).toEqual(pendingNumbers.map(idOf).sort());
      expect(await notifier.notifier.deadLetters.redeliverAll()).toBe(deadNumbers.length);
      await passTimeUntil(notifier.hear('delivered', pendingNumbers.length + deadNumbers.length), clock);
      expect(await notifier.stats()).toMatchObject({ pending: 0, dead: 0 });
    });

    it('has what its log has, when a process was killed', async () => {
      const database = loadSqlite()(file());
      database.exec('PRAGMA journal_mode = WAL');
      database.exec("UPDATE pending SET attempts = 7 WHERE position = 4; UPDATE pending SET type = 'late'");
      const killed = new Map(['', '-wal'].map((ending) => [ending, readFileSync(`${file()}${ending}`)]));
      database.close();
      for (const [ending, bytes] of killed) writeFileSync(`${file()}${ending}`, bytes);
      expect(existsSync(`${file()}-wal`)).toBe(true);
      outbox = await openOutboxIn(directory());
      expectAll(outbox);
      expect(outbox.readAfter('crm', 3, 1)).toMatchObject([{ position: 4, attempts: 7, type: 'late' }]);
    });

    it('is mended when it is damaged, and migrated by that', async () => {
      const bytes = bytesOf(directory());
      // An index, which a migration does not read, and the root of the dead letters, which it does.
      const database = loadSqlite()(file());
      const { rootpage } = database
        .prepare("SELECT rootpage FROM sqlite_master WHERE name = 'dead'")
        .get() as SqliteRow;
      database.close();
      bytes.fill(0x5a, (Number(rootpage) - 1) * pageSize, Number(rootpage) * pageSize);
      writeFileSync(file(), bytes);
      const complaints: Error[] = [];
      outbox = await openOutboxIn(directory(), 'normal', (error) => complaints.push(error));
      expect(readEverything(outbox).pending.map(({ id }) => id)).toEqual(pendingNumbers.map(idOf));
      expect(outbox.listDead({ limit: 9 })).toEqual([]);
      expect(outbox.append([sampleNotification()])).toMatchObject([{ position: next }]);
      expect(complaints).toHaveLength(1);
      expect(asideNamesIn(directory())).toHaveLength(1);
    });

    it('is saved whole, whatever bit of its header flips', async () => {
      // The magic, page size, formats, encoding, version of the tables, and whose it is.
      const offsets = [0, 7, 16, 17, 18, 20, 21, 24, 28, 31, 47, 56, 59, 60, 62, 63, 68, 71, 92, 95];
      for (const offset of offsets) {
        for (const bit of [0, 1, 6]) {
          const bytes = readFileSync(fixture(schema));
          bytes[offset]! ^= 1 << bit;
          writeFileSync(file(), bytes);
          // As after a crash: a file without a mark of its own is damaged if the lock of an outbox is beside it.
          writeFileSync(`${file()}-delivery`, '');
          try {
            outbox = await openOutboxIn(directory());
          } catch (error) {
            // A number that is higher is a newer version's.
            expect([String(error), offset >= 60 && offset <= 63]).toEqual([expect.stringContaining('newer'), true]);
            continue;
          }
          const { pending, dead } = readEverything(outbox);
          outbox.close();
          const found = [offset, bit, pending.length, dead.length];
          expect(found).toEqual([offset, bit, pendingNumbers.length, deadNumbers.length]);
        }
      }
      outbox = undefined;
    });

    it('is mended when it holds what a table would not take', async () => {
      const schemaPage = bytesOf(directory()).toString('latin1', 100, pageSize);
      writeAt(100, schemaPage.replaceAll('STRICT', '      '));
      const database = loadSqlite()(file());
      database.exec("UPDATE pending SET lane = CAST('blob' AS BLOB) WHERE position = 3");
      database.close();
      writeAt(100, schemaPage);
      const complaints: Error[] = [];
      outbox = await openOutboxIn(directory(), 'normal', (error) => complaints.push(error));
      const others = pendingNumbers.filter((number) => number !== 3);
      expect(readEverything(outbox).pending.map(({ id }) => id)).toEqual(others.map(idOf));
      expect(complaints).toEqual([expect.objectContaining({ message: expect.stringContaining('damaged') as string })]);
    });

    it('is merged with what an app has, when it is copied over the file that is in use', async () => {
      const mine = join(directory(), 'mine');
      outbox = await openOutboxIn(mine);
      const accepted = sampleNotifications(3);
      outbox.append(accepted);
      outbox.maintain();
      writeFileSync(join(mine, 'outbox.db'), bytesOf(directory()));
      outbox.maintain();
      const expected = [...accepted.map(({ id }) => id), ...pendingNumbers.map(idOf)];
      expect(readEverything(outbox).pending.map(({ id }) => id)).toEqual(expected);
      expect(outbox.counts()).toMatchObject({ pending: expected.length, dead: deadNumbers.length });
    });

    it('can be mended by a fresh first page once it is migrated', async () => {
      (await openOutboxIn(directory())).close();
      const fresh = join(directory(), 'fresh');
      (await openOutboxIn(fresh)).close();
      // The schema begins where its own count says; before it stands what differs from file to file.
      const schemaOf = (bytes: Buffer): string => bytes.subarray(100, pageSize).toString('hex');
      expect(schemaOf(bytesOf(directory()))).toBe(schemaOf(bytesOf(fresh)));
    });
  },
);

describe('what schema 1 knew of a notification', () => {
  const directory = useTempDirectory();

  it('is known once the file is migrated', async () => {
    copyFileSync(fixture(1), join(directory(), 'outbox.db'));
    const outbox = await openOutboxIn(directory());
    const { pending, dead } = readEverything(outbox);
    expect(pending[0]).toMatchObject({
      type: 'booking_cancelled',
      lane: 'booking:2',
      occurredAt: writtenAt + 2,
      acceptedAt: writtenAt + 2,
      attempts: 3,
      nextAttemptAt: writtenAt + 60_000,
    });
    expect(JSON.parse(Buffer.from(pending[0]!.body).toString())).toEqual({
      notification_id: idOf(2),
      number: 2,
      name: 'Zoë',
    });
    expect(pending[1]?.traceparent).toMatch(/^00-4bf9/);
    expect(dead).toMatchObject([
      { id: idOf(6), attempts: 4, reason: { kind: 'expired', detail: 'older than maxAgeMs' } },
      { id: idOf(5), attempts: 1, reason: { kind: 'rejected', status: 422, detail: 'no such booking' } },
    ]);
    expect(outbox.counts()).toMatchObject({ oldestAcceptedAt: writtenAt + 2 });
    const due = outbox.readDue('crm', { nextAttemptAt: 0, position: 0 }, Infinity, 10);
    expect(due.map(({ position, attempts }) => [position, attempts])).toEqual([
      [3, 1],
      [2, 3],
    ]);
    outbox.close();
  });
});

describe('what schema 2 knew of a notification', () => {
  const directory = useTempDirectory();

  it('is known once the file is migrated', async () => {
    copyFileSync(fixture(2), join(directory(), 'outbox.db'));
    const outbox = await openOutboxIn(directory());
    const { pending, dead } = readEverything(outbox);
    const [, , , zero, percent, large] = pending;
    expect(zero).toMatchObject({
      id: idOf(5),
      lane: 'user:a\0b',
      acceptedAt: writtenAt + 100,
      occurredAt: writtenAt + 5,
    });
    expect(percent).toMatchObject({ id: idOf(6), lane: 'user:100%', traceparent: expect.stringMatching(/^00-4bf9/) });
    expect(JSON.parse(Buffer.from(large!.body).toString())).toMatchObject({ number: 7, text: 'x'.repeat(6000) });
    expect(pending.at(-1)).toMatchObject({ id: idOf(8), attempts: 0, acceptedAt: writtenAt + 5000 });
    expect(outbox.nextInLane('crm', 'user:a\0b', 0)).toMatchObject({ position: 5 });
    expect(dead).toMatchObject([
      { position: 2, id: idOf(9), attempts: 9, diedAt: writtenAt + 1009, reason: { kind: 'expired' } },
    ]);
    const due = outbox.readDue('crm', { nextAttemptAt: 0, position: 0 }, Infinity, 10);
    expect(due.map(({ position, attempts }) => [position, attempts])).toEqual([
      [3, 1],
      [2, 3],
    ]);
    expect(outbox.lastUse()).toEqual({ from: writtenAt - 5000, to: writtenAt + 6000 });
    // Neither a repeat of what is pending nor of what is dead is taken.
    outbox.append([sampleNotification({ id: idOf(5) }), sampleNotification({ id: idOf(9) })]);
    expect(outbox.counts()).toMatchObject({ pending: 9, dead: 1 });
    outbox.close();
  });
});

describe('the tables', () => {
  const directory = useTempDirectory();

  it.each([
    [
      "target = 'crm' AND next_attempt_at > 0 AND next_attempt_at >= 1 AND next_attempt_at <= 2 " +
        'AND (next_attempt_at > 1 OR position > 1) ORDER BY next_attempt_at, position',
      'USING INDEX pending_by_instant (target=? AND next_attempt_at>',
    ],
    [
      "lane = 'a' AND position > 1 AND position < 9 ORDER BY position",
      'USING INDEX pending_in_lane (lane=? AND rowid>',
    ],
    ['position > 1 AND position < 9 ORDER BY position', 'USING INTEGER PRIMARY KEY (rowid>'],
    ["id = 'a' AND target = 'crm'", 'USING INDEX pending_by_id (id=? AND target=?)'],
  ])('find what is asked for without sorting: %s', async (condition, plan) => {
    (await openOutboxIn(directory())).close();
    const database = loadSqlite()(join(directory(), 'outbox.db'));
    const steps = database
      .prepare(`EXPLAIN QUERY PLAN SELECT body FROM pending WHERE ${condition} LIMIT 1`)
      .all()
      .map((row) => String((row as SqliteRow)['detail']));
    database.close();
    expect(steps).toEqual([expect.stringContaining(plan)]);
  });
});
