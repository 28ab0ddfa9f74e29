import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { openSqliteOutbox } from '../../../src/outbox/sqlite/open-sqlite-outbox.js';
import { acquireLock } from '../../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { usePrograms } from '../../helpers/child-program.js';
import {
  asideNamesIn,
  bytesOf,
  prepareOutbox,
  readEverything,
  type PreparedOutbox,
} from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotifications } from '../../helpers/sample-notification.js';
import { createSeededRandom } from '../../helpers/seeded-random.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('a repair', () => {
  const random = createSeededRandom();
  const start = usePrograms();
  const root = useTempDirectory();
  const directory = (): string => join(root(), 'outbox');
  const file = (): string => join(directory(), 'outbox.db');
  const opened: Outbox[] = [];
  afterEach(() => {
    for (const outbox of opened.splice(0)) outbox.close();
  });

  /** A first page without a header: SQLite takes the file for something else. */
  const damage = (): void => {
    writeFileSync(file(), Buffer.concat([Buffer.alloc(100), bytesOf(directory()).subarray(100)]));
  };
  const expectEverything = async ({ notifications, deadCount }: PreparedOutbox): Promise<void> => {
    const outbox = await openOutboxIn(directory());
    opened.push(outbox);
    const { pending, dead } = readEverything(outbox);
    expect(pending.map(({ id }) => id)).toEqual(notifications.slice(deadCount).map(({ id }) => id));
    expect(dead.map(({ id }) => id).reverse()).toEqual(notifications.slice(0, deadCount).map(({ id }) => id));
    expect(outbox.counts()).toMatchObject({ pending: pending.length, dead: deadCount });
  };

  it(`costs nothing when it is killed at any instant (case 67, CRM_TEST_SEED=${random.seed})`, async () => {
    const prepared = await prepareOutbox(directory());
    damage();
    for (let round = 0; round < 4; round += 1) {
      const program = start('repair-until-killed', { args: [directory()] });
      // Some repairs later, at whatever instant of one.
      await program.line(`repaired ${random.below(4)}`);
      for (let turns = random.below(30); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      program.kill('SIGKILL');
      expect((await program.ended).signal).toBe('SIGKILL');
    }
    await expectEverything(prepared);
  }, 20_000);

  describe('that was interrupted (case 67)', () => {
    let prepared: PreparedOutbox;
    const whole = (): string => join(root(), 'whole.db');
    beforeEach(async () => {
      prepared = await prepareOutbox(directory(), { count: 40 });
      copyFileSync(file(), whole());
    });

    it.each([
      ['nothing but its name', ''],
      ['half a file', 'SQLite format 3\0 and then something that is no database'],
    ])('is begun again over what it left: %s', async (_what, text) => {
      damage();
      for (const ending of ['', '-journal', '-wal']) writeFileSync(`${file()}-mending${ending}`, text);
      await expectEverything(prepared);
      expect(existsSync(`${file()}-mending`)).toBe(false);
    });

    it('takes the mended file, with the damaged one still in its place', async () => {
      damage();
      copyFileSync(whole(), `${file()}-mended`);
      await expectEverything(prepared);
      expect(existsSync(`${file()}-mended`)).toBe(false);
      expect(asideNamesIn(directory())).toHaveLength(1);
    });

    it.each([
      ['no file', false],
      ['the empty one that the next start has made', true],
    ])('takes the mended file, with %s in its place', async (_what, isThere) => {
      renameSync(file(), `${file()}-mended`);
      if (isThere) writeFileSync(file(), '');
      await expectEverything(prepared);
      expect(existsSync(`${file()}-mended`)).toBe(false);
    });

    it.each([
      ['the damaged file', false],
      ['a file that was begun meanwhile', true],
    ])('keeps what was accepted since into %s', async (_what, isBegunAnew) => {
      if (isBegunAnew) rmSync(file());
      const later = sampleNotifications(3);
      const meanwhile = await openOutboxIn(directory());
      meanwhile.append(later);
      meanwhile.close();
      copyFileSync(whole(), `${file()}-mended`);
      const outbox = await openOutboxIn(directory());
      opened.push(outbox);
      const { pending, dead } = readEverything(outbox);
      const expected = [...prepared.notifications.slice(prepared.deadCount), ...later].map(({ id }) => id);
      expect(pending.map(({ id }) => id).sort()).toEqual(expected.sort());
      expect(dead).toHaveLength(prepared.deadCount);
      expect(existsSync(`${file()}-mended`)).toBe(false);
    });

    it.each([1, 2])('keeps what a version with schema %i had saved, beside a file of this one', async (schema) => {
      rmSync(file());
      const later = sampleNotifications(3);
      const meanwhile = await openOutboxIn(directory());
      meanwhile.append(later);
      meanwhile.close();
      copyFileSync(join(__dirname, `fixtures/schema-${schema}.db`), `${file()}-mended`);
      const outbox = await openOutboxIn(directory());
      opened.push(outbox);
      expect(outbox.counts()).toMatchObject({ pending: 9 + later.length, dead: schema === 1 ? 2 : 1 });
    });

    it('keeps what is only in the log of an empty file', async () => {
      // Few enough that the log has every page of theirs.
      rmSync(file());
      const [first, later] = [sampleNotifications(4), sampleNotifications(4)];
      const mended = await openOutboxIn(directory());
      mended.append(first);
      mended.close();
      const [log, killed] = [`${file()}-wal`, join(root(), 'killed.db-wal')];
      copyFileSync(file(), join(root(), 'mended.db'));
      const outbox = await openOutboxIn(directory());
      outbox.append(later);
      copyFileSync(log, killed);
      outbox.close();
      writeFileSync(file(), '');
      copyFileSync(killed, log);
      copyFileSync(join(root(), 'mended.db'), `${file()}-mended`);
      const again = await openOutboxIn(directory());
      opened.push(again);
      const ids = readEverything(again).pending.map(({ id }) => id);
      expect(ids.sort()).toEqual([...first, ...later].map(({ id }) => id).sort());
    });

    it('is completed by a process that has the file open, before that goes on', async () => {
      const outbox = await openOutboxIn(directory());
      const [first, second, third] = sampleNotifications(3);
      outbox.append([first!]);
      // Killed between its last two steps: the damaged file is set aside, the mended one not yet in its place.
      copyFileSync(whole(), `${file()}-mended`);
      for (const ending of ['', '-wal', '-shm']) renameSync(`${file()}${ending}`, `${file()}-aside-1${ending}`);
      outbox.append([second!]);
      outbox.maintain();
      outbox.append([third!]);
      outbox.close();
      expect(existsSync(`${file()}-mended`)).toBe(false);
      const again = await openOutboxIn(directory());
      opened.push(again);
      const ids = readEverything(again).pending.map(({ id }) => id);
      expect(ids.slice(-3).sort()).toEqual([first, second, third].map((one) => one!.id).sort());
      expect(ids).toHaveLength(43);
    });

    it('is completed once by several processes that start together', async () => {
      for (let round = 0; round < 3; round += 1) {
        copyFileSync(whole(), `${file()}-mended`);
        writeFileSync(file(), Buffer.alloc(8_192, 7));
        const lock = acquireLock(loadSqlite(), `${file()}-repair`, 0);
        const programs = [1, 2].map(() => start('open-outbox', { args: [directory()] }));
        // Longer than a process takes to start, so that both wait for the lock.
        await new Promise((resolve) => void setTimeout(resolve, 1_500));
        lock!.release();
        for (const program of programs) await program.line('open');
        for (const program of programs) program.kill('SIGKILL');
        for (const program of programs) await program.ended;
        await expectEverything(prepared);
        for (const outbox of opened.splice(0)) outbox.close();
      }
    }, 60_000);

    it('takes the mended file, and leaves the log of the damaged one to that', async () => {
      copyFileSync(whole(), `${file()}-mended`);
      rmSync(file());
      writeFileSync(`${file()}-wal`, 'a log that was left behind');
      await expectEverything(prepared);
    });
  });

  describe('of a file that several have open (case 67)', () => {
    const openOne = async (repairs: Error[]): Promise<Outbox> => {
      const options = { file: file(), sync: 'normal', now: () => sampleAt } as const;
      const outbox = openSqliteOutbox({
        open: loadSqlite(),
        onRepaired: (error) => repairs.push(error),
        ...options,
      });
      opened.push(outbox);
      return outbox;
    };
    /** All but the first page, so that whatever is read next is damaged; in the log as well. */
    const ruin = (): void => {
      writeFileSync(file(), bytesOf(directory()).fill(0x5a, 4096), { flag: 'r+' });
    };

    it.each(['maintain', 'append', 'counts'] as const)('is made by one, and the other moves over: %s', async (call) => {
      const prepared = await prepareOutbox(directory(), { count: 40 });
      const repairs: [Error[], Error[]] = [[], []];
      const first = await openOne(repairs[0]);
      const second = await openOne(repairs[1]);
      const added = sampleNotifications(6);
      // In the log, which is not damaged.
      first.append(added.slice(0, 2));
      second.append(added.slice(2, 4));

      ruin();
      readEverything(first);
      expect(repairs[0]).toHaveLength(1);
      first.append(added.slice(4, 5));
      if (call === 'maintain') second.maintain();
      else if (call === 'counts') second.counts();
      second.append(added.slice(5));
      second.maintain();
      first.maintain();

      const [one, other] = [readEverything(first), readEverything(second)];
      expect(one).toEqual(other);
      const ids = one.pending.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(added.slice(4).map(({ id }) => id)));
      const known = new Set([...prepared.notifications, ...added].map(({ id }) => id));
      expect(ids.filter((id) => !known.has(id))).toEqual([]);
    });
  });
});
