import { once } from 'node:events';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { History, MinuteCounts, OwnReport } from '../../src/history/history.js';
import { historyFileOf } from '../../src/history/history-file.js';
import type { HistoryReading } from '../../src/history/open-history.js';
import { createSqliteHistory, readSqliteHistory } from '../../src/history/sqlite-history.js';
import { loadSqlite, type OpenSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { countsOf, deliveredOf, historyContract, keptDelivered, ownReport, reportOf } from './history-contract.js';
import { typesContract } from './types-contract.js';

describe('the history of an outbox on disk', () => {
  const directory = useTempDirectory();
  const outboxFile = (): string => join(directory(), 'outbox.db');
  const file = (): string => historyFileOf(outboxFile());
  const opened: History[] = [];
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(opened.splice(0).map((history) => history.close()));
  });
  const open = (now = () => Date.now(), kept = keptDelivered): History => {
    const history = createSqliteHistory({ open: loadSqlite(), outboxFile: outboxFile(), now, keptDelivered: kept });
    opened.push(history);
    return history;
  };
  const report = (history: History, given: Partial<MinuteCounts> = {}, own: Partial<OwnReport> = {}) =>
    history.report(reportOf({ process: { ...ownReport, ...own }, minutes: [countsOf(given)] }));

  historyContract(() => Promise.resolve(open()));
  typesContract(
    () => Promise.resolve(open()),
    () => {
      const database = loadSqlite()(file());
      const { count } = database.prepare('SELECT count(*) AS count FROM type_step').get() as { count: number };
      database.close();
      return Promise.resolve(count);
    },
  );

  it('is in a file of its own, which only its owner can read', async () => {
    await report(open(), { accepted: 1 });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('is one for all processes: their counts add up, and the latest to lead leads', async () => {
    const [first, second] = [open(), open()];
    await report(first, { accepted: 2, delivered: 1 }, { startedAt: 1, leadsSince: 1_000 });
    await report(second, { accepted: 1 }, { startedAt: 2 });
    expect(await second.minutes(0)).toEqual([countsOf({ accepted: 3, delivered: 1 })]);
    expect((await second.processes()).map(({ isLeader }) => isLeader)).toEqual([true, false]);
    await report(second, {}, { startedAt: 2, leadsSince: 2_000 });
    expect((await first.processes()).map(({ isLeader }) => isLeader)).toEqual([false, true]);
  });

  it('outlives the processes, and can be read beside them', async () => {
    const history = open();
    await report(history, { delivered: 4 });
    const read = () => readSqliteHistory(loadSqlite(), outboxFile(), (reading) => reading.readMinutes(0), []);
    expect(read()).toEqual([countsOf({ delivered: 4 })]);
    await history.close();
    expect(read()).toEqual([countsOf({ delivered: 4 })]);
    expect(await open().minutes(0)).toEqual([countsOf({ delivered: 4 })]);
  });

  it('has what is paused by hand for all processes, also after they have ended, and in a file of an earlier version', async () => {
    const database = loadSqlite()(file());
    database.exec(
      'PRAGMA journal_mode = WAL; CREATE TABLE process (id TEXT PRIMARY KEY, seen_at INTEGER, report TEXT)',
    );
    database.exec('CREATE TABLE minute (start_at, target, accepted, delivered, retried, dead)');
    database.close();
    const read = () => readSqliteHistory(loadSqlite(), outboxFile(), (reading) => reading.readPauseChanges(), []);
    expect(read()).toEqual([]);
    const readTypes = (reading: HistoryReading) => reading.readCountsByType(0, Date.now());
    expect(readSqliteHistory(loadSqlite(), outboxFile(), readTypes, [])).toEqual([]);
    const [first, second] = [open(), open()];
    await first.changePause({ target: 'crm', isPaused: true, by: 'ada' });
    expect(await second.pauseChanges()).toMatchObject([{ target: 'crm', isPaused: true, by: 'ada' }]);
    await Promise.all([first.close(), second.close()]);
    expect(read()).toMatchObject([{ target: 'crm', isPaused: true, by: 'ada' }]);
    expect(await open().pauseChanges()).toEqual(read());
  });

  it('keeps what it has while the disk is full', async () => {
    const openOnFullDisk: typeof open = () => {
      const openLimited: OpenSqlite = (path, options) => {
        const database = loadSqlite()(path, options);
        database.exec('PRAGMA max_page_count = 40');
        return database;
      };
      const settings = { open: openLimited, outboxFile: outboxFile(), now: Date.now, keptDelivered };
      const history = createSqliteHistory(settings);
      opened.push(history);
      return history;
    };
    const history = openOnFullDisk();
    await history.changePause({ target: null, isPaused: true, by: 'ada' });
    const { ino } = statSync(file());
    const many = Array.from({ length: 2_000 }, (_, index) => deliveredOf({ id: `id-${String(index)}` }));
    await expect(history.report(reportOf({ delivered: many }))).rejects.toThrow('database or disk is full');
    expect(await history.pauseChanges()).toMatchObject([{ target: null, isPaused: true, by: 'ada' }]);
    expect(statSync(file()).ino).toBe(ino);
    await report(history, { accepted: 1 });
  });

  it('looks through many delivered ones in pieces, between which others have their turn', async () => {
    const history = open(undefined, { count: 10_000, ms: 3_600_000 });
    const many = Array.from({ length: 2_500 }, (_, index) => deliveredOf({ id: `id-${String(index)}-` }));
    await history.report(reportOf({ delivered: many }));
    const ids = async (query: object) => (await history.listDelivered({ limit: 3, ...query })).map(({ id }) => id);
    expect(await ids({ search: 'id-7-' })).toEqual(['id-7-']);
    expect(await ids({ search: '-0-' })).toEqual(['id-0-']);
    expect(await ids({})).toEqual(['id-2499-', 'id-2498-', 'id-2497-']);
    expect(await ids({ limit: 2_500 })).toHaveLength(2_500);
    expect(await history.countDelivered({})).toBe(2_500);
    expect(await history.countDelivered({ search: '-1' })).toBe(1_111);

    const order: string[] = [];
    await Promise.all([
      history.countDelivered({ search: 'nowhere' }).then(() => order.push('counted')),
      history.listDelivered({ limit: 1, search: 'nowhere' }).then(() => order.push('listed')),
      history.timeline('a', 0).then(() => order.push('other')),
    ]);
    expect(order[0]).toBe('other');
  });

  it('keeps a file that this process may only read, and what is paused in it', async () => {
    const history = open();
    await history.changePause({ target: null, isPaused: true, by: 'ada' });
    const openReadOnly: OpenSqlite = (path) => loadSqlite()(path, { readOnly: true });
    const settings = { open: openReadOnly, outboxFile: outboxFile(), now: Date.now, keptDelivered };
    const unprivileged = createSqliteHistory(settings);
    await expect(report(unprivileged)).rejects.toThrow('readonly');
    expect(await unprivileged.pauseChanges()).toMatchObject([{ isPaused: true, by: 'ada' }]);
    await expect(unprivileged.changePause({ target: null, isPaused: false, by: null })).rejects.toThrow(
      /^\S+outbox\.db-history-1 cannot be used \(.*readonly.*\): let this process read and write it; or move it away/,
    );
    await unprivileged.close().catch(() => undefined);
    expect(await history.pauseChanges()).toMatchObject([{ isPaused: true, by: 'ada' }]);
  });

  it.each([
    ['a pipe', () => execFileSync('mkfifo', [file()])],
    ['a link to a device', () => symlinkSync('/dev/zero', file())],
    ['a directory', () => mkdirSync(file())],
  ])('waits for nothing and tells no pauses where %s has its name', async (_what, put) => {
    put();
    const history = open();
    const problem = /outbox\.db-history-1 cannot be used/;
    await expect(history.pauseChanges()).rejects.toThrow(problem);
    await expect(history.changePause({ target: null, isPaused: true, by: 'ada' })).rejects.toThrow(problem);
    await expect(report(history)).rejects.toThrow();
    rmSync(file(), { recursive: true });
    await report(history, { accepted: 1 });
    expect(await history.pauseChanges()).toEqual([]);
  });

  it('does not take a file that another process puts in its place, while it is opened, for its own', async () => {
    let isToBeReplaced = true;
    const openReplaced: OpenSqlite = (path, options) => {
      const database = loadSqlite()(path, options);
      if (isToBeReplaced) {
        isToBeReplaced = false;
        rmSync(file());
        writeFileSync(file(), '');
      }
      return database;
    };
    const history = createSqliteHistory({ open: openReplaced, outboxFile: outboxFile(), now: Date.now, keptDelivered });
    opened.push(history);
    await expect(report(history)).rejects.toThrow('replaced');
    await history.changePause({ target: null, isPaused: true, by: 'ada' });
    expect(await open().pauseChanges()).toMatchObject([{ isPaused: true, by: 'ada' }]);
  });

  it('is begun anew when its main file alone is removed, within the call, and keeps the pauses that are known', async () => {
    const history = open();
    await history.changePause({ target: null, isPaused: true, by: 'ada' });
    // Another process has it open, so that its log and shared memory stay.
    const program = `const { DatabaseSync } = require(process.argv[1]); const db = new DatabaseSync(process.argv[2]);
      const use = () => db.prepare('SELECT count(*) FROM pause').get(); db.exec('BEGIN'); use(); console.log('open'); setInterval(use, 1e6);`;
    const driver = process.versions.node.startsWith('20.') ? '@photostructure/sqlite' : 'node:sqlite';
    const child = spawn(process.execPath, ['-e', program, driver, file()], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    expect(String(await once(child.stdout, 'data'))).toBe('open\n');
    await report(history, { accepted: 1 });
    rmSync(file());
    const { before } = await history.changePause({ target: 'sales', isPaused: false, by: 'bob' });
    expect(before).toMatchObject([{ target: null, isPaused: true, by: 'ada' }]);
    await report(history, { accepted: 2 });
    const other = open();
    expect(await other.pauseChanges()).toMatchObject([{ by: 'ada' }, { target: 'sales', isPaused: false, by: 'bob' }]);
    expect(await other.minutes(0)).toEqual([countsOf({ accepted: 2 })]);
  });

  describe('when its files are removed under several processes', () => {
    const ofAll = { target: null, by: 'bob' };
    let at = 0;
    const openAt = (): History => open(() => (at += 1_000));
    const expectResumed = async (...histories: readonly History[]): Promise<void> => {
      for (const history of histories)
        expect(await history.pauseChanges()).toMatchObject([{ ...ofAll, isPaused: false }]);
    };

    it.each([['-shm'], ['-wal'], ['-wal -shm']])('they soon have the same pauses again (%s)', async (removed) => {
      const old = openAt();
      await old.changePause({ target: null, isPaused: true, by: 'ada' });
      for (const ending of removed.split(' ')) rmSync(file() + ending);
      const other = openAt();
      // Without the log nothing can be written, until the next report of who has it open.
      await other.changePause({ ...ofAll, isPaused: false }).catch(() => undefined);
      await report(old);
      await other.changePause({ ...ofAll, isPaused: false });
      await expectResumed(old, other);
      // Who ends writes nothing over it.
      await old.close();
      await expectResumed(other, openAt());
    });

    it('what is known to one of them from before does not come back', async () => {
      const [knowing, changing] = [openAt(), openAt()];
      await changing.changePause({ target: null, isPaused: true, by: 'ada' });
      await report(knowing);
      await changing.changePause({ ...ofAll, isPaused: false });
      rmSync(file());
      expect(await knowing.processes()).toEqual([]);
      await expectResumed(changing, knowing);
    });

    it('a resumption by one that knows of no pause counts', async () => {
      const knowing = openAt();
      await knowing.changePause({ target: null, isPaused: true, by: 'ada' });
      rmSync(file());
      const other = openAt();
      await other.changePause({ ...ofAll, isPaused: false });
      await expectResumed(knowing, other);
    });
  });

  it('has a pause in the file itself, also if its log is removed when nobody uses it', async () => {
    await open().changePause({ target: null, isPaused: true, by: 'ada' });
    const copy = join(directory(), 'copy.db');
    copyFileSync(file(), historyFileOf(copy));
    const changes = readSqliteHistory(loadSqlite(), copy, (history) => history.readPauseChanges(), []);
    expect(changes).toMatchObject([{ isPaused: true, by: 'ada' }]);
  });

  it('continues a file of an earlier version, which has no timelines yet', async () => {
    await report(open(), { delivered: 4 });
    const database = loadSqlite()(file());
    database.exec('DROP TABLE entry; DROP TABLE delivered');
    database.close();
    const read = () => readSqliteHistory(loadSqlite(), outboxFile(), (reading) => [reading.readTimeline('a', 0)], []);
    expect(read()).toEqual([]);
    const history = open();
    await history.report(reportOf({ delivered: [deliveredOf({ id: 'a' })] }));
    expect(await history.minutes(0)).toEqual([countsOf({ delivered: 4 })]);
    expect(read()).toMatchObject([{ delivered: [{ id: 'a' }] }]);
  });

  it('has no process that was killed, nor one that has not reported for long', async () => {
    let now = Date.now();
    const history = open(() => now);
    await report(history);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const database = loadSqlite()(file());
    const others = [
      ['killed', now, child.pid],
      ['silent', now - 16_000, process.pid],
    ] as const;
    for (const [id, seenAt, pid] of others) {
      const text = database.prepare('SELECT report FROM process').get() as { report: string };
      const stored = { ...(JSON.parse(text.report) as object), pid };
      database.prepare('INSERT INTO process VALUES (?, ?, ?)').run(id, seenAt, JSON.stringify(stored));
    }
    database.close();
    expect((await history.processes()).map(({ id }) => id)).toContain('killed');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await history.processes()).map(({ id }) => id)).toEqual([expect.not.stringMatching(/killed|silent/)]);
    now += 16_000;
    expect(await history.processes()).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['deleted', () => rmSync(file())],
    ['replaced by something else', () => writeFileSync(file(), 'x'.repeat(8_192))],
    ['cut', () => writeFileSync(file(), readFileSync(file()).subarray(0, 5_000))],
  ])('is begun anew when its file is %s, and nothing else is touched', async (_what, befall) => {
    writeFileSync(outboxFile(), 'the outbox');
    const history = open();
    await report(history, { accepted: 1 });
    await history.close();
    befall();
    const again = open();
    // A file that turns out to be damaged while it is used fails one report.
    await report(again, { accepted: 2 }).catch(() => report(again, { accepted: 2 }));
    expect(await again.minutes(0)).toEqual([countsOf({ accepted: 2 })]);
    rmSync(file());
    await report(again, { accepted: 3 });
    expect(await again.minutes(0)).toEqual([countsOf({ accepted: 3 })]);
    expect(readFileSync(outboxFile(), 'utf8')).toBe('the outbox');
  });
});
