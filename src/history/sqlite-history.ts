import { randomUUID } from 'node:crypto';
import { asPromise } from '../core/as-promise.js';
import { closeConnection } from '../outbox/sqlite/connection.js';
import { inodeOf, isSame } from '../outbox/sqlite/file-identity.js';
import type { OpenSqlite, SqliteDatabase } from '../outbox/sqlite/sqlite-driver.js';
import { isBusy } from '../outbox/sqlite/sqlite-errors.js';
import { countDelivered, listDelivered } from './all-delivered.js';
import type { History, KeptDelivered, PauseChange } from './history.js';
import {
  hasBecomeUnusable,
  historyError,
  historyFileOf,
  isUnusable,
  refuseWhatIsNoFile,
  removeFiles,
  removeHistory,
} from './history-file.js';
import { newestChanges } from './newest-changes.js';
import { busyTimeoutMs, type HistoryReading, openHistory, type OpenHistory, prepareReading } from './open-history.js';

export interface SqliteHistoryOptions {
  readonly open: OpenSqlite;
  /** The outbox's file; the history is beside it. */
  readonly outboxFile: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly keptDelivered: KeptDelivered;
}

/**
 * Opens a history in a file of its own: nothing that befalls it can harm the outbox. It is made when something is first reported;
 * one that is damaged, deleted or replaced is begun anew.
 */
export function createSqliteHistory({ open, outboxFile, now, keptDelivered }: SqliteHistoryOptions): History {
  const file = historyFileOf(outboxFile);
  const id = randomUUID();
  let opened: OpenHistory | undefined;
  /** The pauses that were read last: they outlive the file, which somebody may remove by mistake. */
  let known: readonly PauseChange[] = [];

  const close = (closeIt = closeConnection): void => {
    const { database } = opened ?? {};
    opened = undefined;
    if (database !== undefined) closeIt(database);
  };

  /** Leaves files that were removed or replaced, with the pauses that they have: those can still be read. */
  const leave = (history: OpenHistory): void => {
    known = newestChanges(
      pausesIn(() => history.readPauseChanges()),
      known,
    );
    // What SQLite keeps beside the file is another: who opened it since writes to another log, and so nobody may go on with the file.
    if (inodeOf(file) === history.identity.file) {
      known = newestChanges(
        known,
        pausesIn(() => readSqliteHistory(open, outboxFile, (there) => there.readPauseChanges(), [])),
      );
      removeFiles(file);
    }
    // Without leaving the log's mode: that would remove the log of the file that has its name now.
    close((database) => database.close());
  };

  const use = <Result>(work: (history: OpenHistory) => Result): Promise<Result> =>
    asPromise(() => {
      if (opened !== undefined && !isSame(opened.identity, file)) leave(opened);
      opened ??= openHistory(open, file, known);
      try {
        return work(opened);
      } catch (error) {
        if (!hasBecomeUnusable(error)) throw error;
        close();
        if (!removeHistory(file, error)) throw error;
        opened = openHistory(open, file, known);
        return work(opened);
      }
    });

  const readKnown = (history: OpenHistory): readonly PauseChange[] => (known = history.readPauseChanges());
  /** What cannot be made or written, as on a full disk, has no pauses or can still be read. */
  const readPauses = (error: unknown): readonly PauseChange[] => {
    if (isBusy(error)) throw historyError(error, file);
    try {
      return readSqliteHistory(open, outboxFile, (history) => history.readPauseChanges(), known);
    } catch {
      throw historyError(error, file);
    }
  };

  return {
    report: (report) =>
      use((history) => {
        history.write(id, Math.round(now()), report, keptDelivered);
        readKnown(history);
      }),
    record: (entries) =>
      use((history) => {
        history.write(id, Math.round(now()), { entries, delivered: [] }, keptDelivered);
      }),
    timeline: (sought, from) => use((history) => history.readTimeline(sought, from)),
    changes: (from) => use((history) => history.readChanges(from)),
    countDelivered: (filter) =>
      countDelivered((piece) => use((history) => history.countDelivered(piece)), filter, now() - keptDelivered.ms),
    listDelivered: (query) =>
      listDelivered(
        (piece, most) => use((history) => history.searchDelivered(piece, most)),
        query,
        now() - keptDelivered.ms,
      ),
    processes: () => use((history) => history.readProcesses(now())),
    minutes: (from) => use((history) => history.readMinutes(from)),
    countsByType: (from) => use((history) => history.readCountsByType(from, now())),
    pauseChanges: () => use(readKnown).catch(readPauses),
    changePause: (change) =>
      use((history) => {
        const changed = history.changePause(change, now());
        if (!isSame(history.identity, file)) throw new Error('it was removed meanwhile');
        known = changed.after;
        return changed;
      }).catch((error: unknown) => {
        throw historyError(error, file);
      }),
    close: () =>
      asPromise(() => {
        try {
          opened?.removeProcess(id);
        } finally {
          close();
        }
      }),
  };
}

/** None if they cannot be read. */
function pausesIn(read: () => readonly PauseChange[]): readonly PauseChange[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/**
 * Reads what there is, beside the processes that write; `none` if nothing was ever reported. Changes nothing. Throws `CRMOutboxError`
 * if it cannot be read now.
 */
export function readSqliteHistory<Result>(
  open: OpenSqlite,
  outboxFile: string,
  read: (history: HistoryReading) => Result,
  none: Result,
): Result {
  const file = historyFileOf(outboxFile);
  if (inodeOf(file) === undefined) return none;
  let database: SqliteDatabase | undefined;
  try {
    refuseWhatIsNoFile(file);
    database = open(file, { readOnly: true });
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    return read(prepareReading(database));
  } catch (error) {
    // The next process that reports begins it anew.
    if (isUnusable(error)) return none;
    throw historyError(error, file);
  } finally {
    database?.close();
  }
}
