import { renameSync, statSync } from 'node:fs';
import { CRMOutboxError } from '../../core/errors.js';
import type { Outbox } from '../outbox.js';
import { isDamaged, openConnection, type ConnectionOptions } from './connection.js';
import { salvage } from './salvage.js';
import { createSqliteOutbox } from './sqlite-outbox.js';
import type { OpenSqlite, SqliteDatabase, SqliteRow } from './sqlite-driver.js';

export interface SqliteOutboxOptions extends ConnectionOptions {
  readonly open: OpenSqlite;
  /** The file was damaged, deleted or replaced, and has been made anew. */
  readonly onRepaired: (error: Error) => void;
  /** For the name of a file that is set aside, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Room for positions that were given out and are not in what could be read, so that none is given out twice. */
const positionMargin = 1_000_000;

/**
 * The outbox in an SQLite file, which mends itself. A damaged file is set aside under a new name, what can be read of it
 * goes into a fresh one, and the call that met the damage is made again there. A file that was deleted or replaced while
 * in use is made anew with what the lost one held.
 *
 * Throws `CRMConfigError` when the file was written by a newer version.
 */
export function openSqliteOutbox(options: SqliteOutboxOptions): Outbox {
  const { file, open, onRepaired, now } = options;
  let database: SqliteDatabase;
  let outbox: Outbox;
  let inode = 0;
  let lastPosition = 0;

  const use = (connection: SqliteDatabase): void => {
    database = connection;
    outbox = createSqliteOutbox(connection);
    inode = statSync(file).ino;
  };

  try {
    use(openConnection(open, options));
  } catch (error) {
    if (!isDamaged(error)) throw error;
    setAside();
  }

  /** What could be read is in the fresh file before the damaged one is let go. */
  function setAside(): void {
    const asideName = `${file}-damaged-${String(now())}`;
    // Its log belongs to it: what is in there may be all that is readable.
    for (const suffix of ['', '-wal', '-shm']) moveIfThere(`${file}${suffix}`, `${asideName}${suffix}`);
    const fresh = openConnection(open, options);
    const { pending, dead, isIncomplete } = salvageFrom(asideName, fresh);
    keepPositionsApart(fresh);
    use(fresh);
    const rest = isIncomplete ? 'the rest could not be read' : 'which is all it held';
    onRepaired(
      new CRMOutboxError(
        `the outbox file was damaged; it is kept as ${asideName}. ` +
          `${String(pending)} pending notifications and ${String(dead)} dead letters were saved, ${rest}`,
      ),
    );
  }

  function salvageFrom(path: string, fresh: SqliteDatabase): ReturnType<typeof salvage> {
    let damaged: SqliteDatabase | undefined;
    try {
      damaged = open(path);
      return salvage(damaged, fresh);
    } catch {
      return { pending: 0, dead: 0, isIncomplete: true };
    } finally {
      damaged?.close();
    }
  }

  function keepPositionsApart(fresh: SqliteDatabase): void {
    const { last } = fresh.prepare('SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence').get() as SqliteRow;
    const next = Math.max(lastPosition, Number(last)) + positionMargin;
    fresh.exec('DELETE FROM sqlite_sequence');
    fresh.exec(
      `INSERT INTO sqlite_sequence (name, seq) VALUES ('pending', ${String(next)}), ('dead', ${String(next)})`,
    );
  }

  /** Runs a call; when it meets damage, mends the file and runs it once more. */
  const guarded =
    <Args extends unknown[], Result>(call: (outbox: Outbox, ...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return call(outbox, ...args);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        setAside();
        return call(outbox, ...args);
      }
    };

  const maintainOpen = guarded((current) => {
    current.maintain();
  });

  return {
    append: guarded((current, notifications) => {
      current.append(notifications);
    }),
    readAfter: guarded((current, after, limit) => {
      const page = current.readAfter(after, limit);
      lastPosition = Math.max(lastPosition, page.at(-1)?.position ?? 0);
      return page;
    }),
    nextInLane: guarded((current, lane, after) => current.nextInLane(lane, after)),
    settle: guarded((current, settlements) => {
      current.settle(settlements);
    }),
    counts: guarded((current) => current.counts()),
    hasForeignChanges: guarded((current) => current.hasForeignChanges()),
    listDead: guarded((current, query) => current.listDead(query)),
    redeliver: guarded((current, id, at) => current.redeliver(id, at)),
    discard: guarded((current, id) => current.discard(id)),
    expireDead: guarded((current, before) => current.expireDead(before)),

    maintain() {
      if (inodeOf(file) === inode) {
        maintainOpen();
        return;
      }
      // This connection still reads and writes the file that nobody else can find any more.
      const lost = database;
      const fresh = openConnection(open, options);
      const { pending, dead } = salvage(lost, fresh);
      keepPositionsApart(fresh);
      use(fresh);
      lost.close();
      onRepaired(
        new CRMOutboxError(
          'the outbox file was deleted or replaced while in use; it has been made anew with ' +
            `${String(pending)} pending notifications and ${String(dead)} dead letters`,
        ),
      );
    },

    close() {
      outbox.close();
    },
  };
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
