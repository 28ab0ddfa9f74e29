import { randomUUID } from 'node:crypto';
import { asPromise } from '../core/as-promise.js';
import { closeConnection } from '../outbox/sqlite/connection.js';
import { inodeOf } from '../outbox/sqlite/file-identity.js';
import { makePrivateFile } from '../outbox/sqlite/outbox-directory.js';
import type { OpenSqlite, SqliteDatabase } from '../outbox/sqlite/sqlite-driver.js';
import { rollBack } from '../outbox/sqlite/roll-back.js';
import { isBusy } from '../outbox/sqlite/sqlite-errors.js';
import { countDelivered, listDelivered } from './all-delivered.js';
import type { History, HistoryReport, KeptDelivered, PauseChange } from './history.js';
import {
  hasBecomeUnusable,
  historyError,
  historyFileOf,
  isUnusable,
  refuseWhatIsNoFile,
  removeHistory,
  removeLeftovers,
} from './history-file.js';
import { type MinuteReading, minuteTable, prepareMinuteReading, prepareMinuteWriting } from './sqlite-minutes.js';
import { pausesTable, preparePauses, type PauseReading, type PauseWriting, readPauseChanges } from './sqlite-pauses.js';
import {
  prepareProcessReading,
  prepareProcessWriting,
  type ProcessReading,
  processTable,
  type ProcessWriting,
} from './sqlite-processes.js';
import {
  createTimelineReading,
  prepareTimelineWriting,
  timelineTables,
  type TimelineReading,
} from './sqlite-timelines.js';
import { prepareTypes, readCountsByType, type TypeReading, type TypeWriting, typesTable } from './sqlite-types.js';

export interface SqliteHistoryOptions {
  readonly open: OpenSqlite;
  /** The outbox's file; the history is beside it. */
  readonly outboxFile: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly keptDelivered: KeptDelivered;
}

/** What a process that writes is asked to wait for another; what cannot be written then is reported the next time. */
const busyTimeoutMs = 50;

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

  const use = <Result>(work: (history: OpenHistory) => Result): Promise<Result> =>
    asPromise(() => {
      // Without leaving the log's mode: that would remove the log of the file that has its name now.
      if (opened !== undefined && inodeOf(file) !== opened.inode) close((database) => database.close());
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
        if (inodeOf(file) !== history.inode) throw new Error('it was removed meanwhile');
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

/** What is read of a history, also by a process that changes nothing. */
export interface HistoryReading extends ProcessReading, MinuteReading, PauseReading, TypeReading, TimelineReading {}

interface OpenHistory extends HistoryReading, PauseWriting, Pick<ProcessWriting, 'removeProcess'> {
  readonly database: SqliteDatabase;
  readonly inode: number | undefined;
  /** In one transaction. */
  write(id: string, now: number, report: Written, kept: KeptDelivered): void;
}

/** What a process reports, or what happened to notifications alone. */
type Written = Partial<HistoryReport> & Pick<HistoryReport, 'entries' | 'delivered'>;

/** With the pauses that are known, if it has none of them. */
function openHistory(open: OpenSqlite, file: string, known: readonly PauseChange[]): OpenHistory {
  try {
    return prepareHistory(open, file, known);
  } catch (error) {
    if (!isUnusable(error) || !removeHistory(file, error)) throw error;
    return prepareHistory(open, file, known);
  }
}

function prepareHistory(open: OpenSqlite, file: string, known: readonly PauseChange[]): OpenHistory {
  refuseWhatIsNoFile(file);
  if (inodeOf(file) === undefined) removeLeftovers(file);
  makePrivateFile(file);
  const inode = inodeOf(file);
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    database.exec('PRAGMA journal_mode = WAL');
    // It survives the end of the process; what a power cut takes of it is no notification.
    database.exec('PRAGMA synchronous = OFF');
    // Lanes hold ids of people: what is no longer needed is overwritten.
    database.exec('PRAGMA secure_delete = ON');
    database.exec(processTable + minuteTable + pausesTable + typesTable + timelineTables);
    const types = prepareTypes(database);
    const work = {
      ...prepareReading(database),
      ...prepareWriting(database, types),
      ...preparePauses(database),
      ...types,
    };
    work.restoreChanges(known);
    // Two processes that begin it anew at once may each remove what the other has made.
    if (inodeOf(file) !== inode) throw new Error('the file was replaced while it was being opened');
    return { database, inode, ...work };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareWriting(database: SqliteDatabase, types: TypeWriting): Pick<OpenHistory, 'write' | 'removeProcess'> {
  const processes = prepareProcessWriting(database);
  const minuteCounts = prepareMinuteWriting(database);
  const writeTimelines = prepareTimelineWriting(database);
  return {
    write(id, now, { process: own, minutes = [], types: addedTypes = [], ...timelines }, kept) {
      database.exec('BEGIN IMMEDIATE');
      try {
        processes.writeProcess(id, now, own);
        minuteCounts.addMinutes(minutes, now);
        writeTimelines(timelines, now, kept);
        types.addTypes(addedTypes, now);
        database.exec('COMMIT');
      } catch (error) {
        rollBack(database);
        throw error;
      }
    },
    removeProcess(id) {
      processes.removeProcess(id);
    },
  };
}

function prepareReading(database: SqliteDatabase): HistoryReading {
  return {
    ...createTimelineReading(database),
    ...prepareProcessReading(database),
    ...prepareMinuteReading(database),
    readPauseChanges: () => readPauseChanges(database),
    readCountsByType: (from, now) => readCountsByType(database, from, now),
  };
}
