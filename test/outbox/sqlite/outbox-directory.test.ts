import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CRMConfigError } from '../../../src/core/errors.js';
import { openConnection } from '../../../src/outbox/sqlite/connection.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../../src/outbox/sqlite/outbox-directory.js';
import { loadSqlite, type OpenSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { usePrograms } from '../../helpers/child-program.js';
import { snapshotOf } from '../../helpers/directory-snapshot.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const prepare = (path: string): string => prepareOutboxFile(prepareOutboxDirectory(path));

/** The text of the refusal; fails when there is none. */
function refusalOf(path: string): string {
  try {
    prepare(path);
  } catch (error) {
    if (!(error instanceof CRMConfigError)) throw error;
    expect(error.issues.map((issue) => issue.path)).toEqual(['outbox (CRM_OUTBOX)']);
    return error.message;
  }
  throw new Error('it was not refused');
}

describe("the outbox's place on the disk", () => {
  const directory = useTempDirectory();
  const start = usePrograms();

  describe('modes (case 75)', () => {
    it('makes 0600 in 0700, the log included, whatever the umask', async () => {
      const previous = process.umask(0o022);
      try {
        const outbox = await openOutboxIn(join(directory(), 'outbox'));
        outbox.append(sampleNotifications(1));
        expect(modeOf(join(directory(), 'outbox'))).toBe('700');
        expect(modeOf(join(directory(), 'outbox', 'outbox.db'))).toBe('600');
        expect(modeOf(join(directory(), 'outbox', 'outbox.db-wal'))).toBe('600');
        outbox.close();
      } finally {
        process.umask(previous);
      }
    });

    it('tightens an empty directory that was made beforehand, and its own file and directory later', () => {
      chmodSync(directory(), 0o755);
      const file = prepare(directory());
      expect([modeOf(directory()), modeOf(file)]).toEqual(['700', '600']);
      chmodSync(directory(), 0o755);
      chmodSync(file, 0o644);
      prepare(directory());
      expect([modeOf(directory()), modeOf(file)]).toEqual(['700', '600']);
    });

    it('leaves a directory open to others that holds other things too, at every start', () => {
      writeFileSync(join(directory(), 'notes.txt'), 'mine');
      chmodSync(directory(), 0o1777);
      for (let round = 0; round < 2; round += 1) {
        const file = prepare(directory());
        expect([modeOf(directory()), modeOf(file)]).toEqual(['1777', '600']);
      }
    });
  });

  it('is one that every other start takes, at each step of the first one', async () => {
    const open = loadSqlite();
    let steps = 0;
    const watched: OpenSqlite = (path) => {
      const database = open(path);
      return {
        exec(sql) {
          database.exec(sql);
          steps += 1;
          // What a kill would leave, or another process find.
          prepare(directory());
        },
        prepare: (sql) => database.prepare(sql),
        close: () => {
          database.close();
        },
      };
    };
    openConnection(watched, { file: prepare(directory()), sync: 'normal' }).close();
    expect(steps).toBeGreaterThan(5);
  });

  it('is made by whichever of those that start at once comes first', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const starts = 300;
    const starter = `
      const { workerData: { gate, module, directory, starts } } = require('node:worker_threads');
      const { prepareOutboxDirectory } = require(module);
      for (let start = 1; start <= starts; start += 1) {
        Atomics.add(gate, 0, 1);
        while (Atomics.load(gate, 0) < 2 * start);
        prepareOutboxDirectory(directory + '/' + start);
      }`;
    const module = join(__dirname, '../../../dist/cjs/outbox/sqlite/outbox-directory.js');
    const workerData = { gate, module, directory: directory(), starts };
    const workers = [1, 2].map(() => new Worker(starter, { eval: true, workerData }));
    // Rejects with what one of them has thrown; the other, which waits for it, is ended then.
    await Promise.all(workers.map((worker) => once(worker, 'exit'))).finally(() => {
      for (const worker of workers) void worker.terminate();
    });
    expect(readdirSync(directory())).toHaveLength(starts);
  });

  describe('refuses, and leaves untouched (cases 65, 66, 69)', () => {
    const inDirectory = (name: string): string => join(directory(), name);

    it.each([
      [
        'a text file',
        'all my notes, which are longer than the hundred bytes of the header of an SQLite file '.repeat(5),
      ],
      ['a short text file', 'notes'],
      ['a file that only begins like SQLite', 'SQLite format 3\0'],
    ])('%s in the place of its own', (_what, text) => {
      chmodSync(directory(), 0o755);
      writeFileSync(inDirectory('outbox.db'), text, { mode: 0o644 });
      const before = snapshotOf(directory());
      expect(refusalOf(directory())).toMatch(/not an SQLite file|belongs to another application/);
      expect(snapshotOf(directory())).toEqual(before);
    });

    it.each([0, 0x0f055112])("another app's database (application_id %d)", async (applicationId) => {
      const database = loadSqlite()(inDirectory('outbox.db'));
      database.exec(
        `PRAGMA application_id = ${applicationId}; CREATE TABLE bookings (id); INSERT INTO bookings VALUES (1)`,
      );
      database.close();
      const before = snapshotOf(directory());
      expect(refusalOf(directory())).toContain('belongs to another application');
      expect(snapshotOf(directory())).toEqual(before);
    });

    it('a file of a newer version, and says what to do', async () => {
      (await openOutboxIn(directory())).close();
      await setUserVersion(99);
      const before = snapshotOf(directory());
      expect(refusalOf(directory())).toMatch(/newer express-crm-notifier \(schema 99, this one knows 3\); upgrade/);
      expect(snapshotOf(directory())).toEqual(before);
    });

    it('a newer version that shows only when the file is opened', async () => {
      const file = prepare(directory());
      (await openOutboxIn(directory())).close();
      await setUserVersion(4);
      const before = snapshotOf(directory());
      const open = loadSqlite();
      expect(() => openConnection(open, { file, sync: 'full' })).toThrow('newer express-crm-notifier (schema 4');
      expect(snapshotOf(directory())).toEqual(before);
    });

    async function setUserVersion(version: number): Promise<void> {
      const database = loadSqlite()(inDirectory('outbox.db'));
      database.exec(`PRAGMA user_version = ${version}`);
      database.close();
    }

    it.each<[what: string, make: (path: string) => void, refusal: string]>([
      ['a directory', (path) => mkdirSync(path), 'outbox.db in it that is not a file'],
      ['a symbolic link to a file', (path) => symlinkSync('/etc/hostname', path), 'outbox.db in it that is not a file'],
      [
        'a symbolic link to nowhere',
        (path) => symlinkSync('/nowhere/at/all', path),
        'outbox.db in it that is not a file',
      ],
      ['a FIFO', (path) => execFileSync('mkfifo', [path]), 'outbox.db in it that is not a file'],
    ])('%s where the file should be', (_what, make, refusal) => {
      make(inDirectory('outbox.db'));
      const before = snapshotOf(directory());
      expect(refusalOf(directory())).toContain(refusal);
      expect(snapshotOf(directory())).toEqual(before);
    });

    it.each<[what: string, make: (path: string) => void, refusal: string]>([
      ['a file', (path) => writeFileSync(path, 'notes'), 'is not a directory'],
      ['a FIFO', (path) => execFileSync('mkfifo', [path]), 'is not a directory'],
      ['a symbolic link to elsewhere', (path) => symlinkSync('.', path), 'is a symbolic link'],
      ['a symbolic link to nowhere', (path) => symlinkSync('/nowhere/at/all', path), 'is a symbolic link'],
    ])('%s where the directory should be', (_what, make, refusal) => {
      make(inDirectory('place'));
      const before = snapshotOf(directory());
      expect(refusalOf(inDirectory('place'))).toContain(refusal);
      expect(refusalOf(`${inDirectory('place')}/`)).toContain(refusal);
      expect(snapshotOf(directory())).toEqual(before);
    });

    it.each([
      ['a parent that is a file', 'file/outbox', 'cannot be used (ENOTDIR)'],
      ['a NUL in the path', 'out\0box', 'cannot be used (ERR_INVALID_ARG_VALUE)'],
      ['a name that is too long', 'x'.repeat(300), 'cannot be used (ENAMETOOLONG)'],
    ])('%s', (_what, path, refusal) => {
      writeFileSync(inDirectory('file'), '');
      const before = snapshotOf(directory());
      expect(refusalOf(inDirectory(path))).toContain(refusal);
      expect(snapshotOf(directory())).toEqual(before);
    });

    it('a device', () => {
      expect(refusalOf('/dev/null')).toContain('is not a directory');
    });
  });

  it('takes a file of no bytes for its own: a process may have been killed right after making it', async () => {
    writeFileSync(join(directory(), 'outbox.db'), '');
    const outbox = await openOutboxIn(directory());
    outbox.append(sampleNotifications(1));
    outbox.close();
  });

  it('finds its way through a symbolic link above the directory', async () => {
    mkdirSync(join(directory(), 'disk'));
    symlinkSync(join(directory(), 'disk'), join(directory(), 'link'));
    expect(prepareOutboxDirectory(join(directory(), 'link', 'outbox'))).toBe(join(directory(), 'disk', 'outbox'));
  });

  // Root may do everything, so that root has to become somebody else, in a process of its own.
  const isRoot = process.getuid?.() === 0;
  const nobody = 65_534;

  describe('as a user who is not root (case 69)', () => {
    const place = (): string => join(directory(), 'place');
    const outcomeAt = async (path: string): Promise<string> => {
      const program = start('open-outbox', { args: isRoot ? [path, String(nobody)] : [path] });
      const lines = await Promise.race([program.line('open'), program.line('refused')]);
      program.kill('SIGTERM');
      return lines;
    };
    beforeEach(() => {
      chmodSync(directory(), 0o755);
      mkdirSync(place());
    });

    it('refuses a directory that cannot be written to', async () => {
      chmodSync(place(), 0o555);
      const before = snapshotOf(directory());
      expect(await outcomeAt(place())).toContain(`${place()} cannot be used: it belongs to user 0`);
      expect(await outcomeAt(join(place(), 'outbox'))).toContain('outbox cannot be made: ');
      expect(snapshotOf(directory())).toEqual(before);
    });

    // These need two users, which only root has.
    (isRoot ? it : it.skip)('refuses what belongs to somebody else, and takes a directory inside it', async () => {
      chmodSync(place(), 0o777);
      expect(await outcomeAt(place())).toContain('or one that belongs to the user who runs the app');
      expect(await outcomeAt(join(place(), 'outbox'))).toBe('open');
    });

    (isRoot ? it : it.skip)("refuses a file of somebody else's in a directory of its own", async () => {
      (await openOutboxIn(place())).close();
      chownSync(place(), nobody, nobody);
      const before = snapshotOf(place());
      expect(await outcomeAt(place())).toContain('give one that belongs to the user who runs the app');
      expect(snapshotOf(place())).toEqual(before);
    });
  });
});
