import { type FileIdentity, identityOf, inodeOf } from '../outbox/sqlite/file-identity.js';
import { makePrivateFile } from '../outbox/sqlite/outbox-directory.js';
import { rollBack } from '../outbox/sqlite/roll-back.js';
import type { OpenSqlite, SqliteDatabase } from '../outbox/sqlite/sqlite-driver.js';
import { isUnusable, refuseWhatIsNoFile, removeHistory, removeLeftovers } from './history-file.js';
import type { HistoryReport, KeptDelivered, PauseChange } from './history.js';
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

/** What a process that writes is asked to wait for another; what cannot be written then is reported the next time. */
export const busyTimeoutMs = 50;

/** What is read of a history, also by a process that changes nothing. */
export interface HistoryReading extends ProcessReading, MinuteReading, PauseReading, TypeReading, TimelineReading {}

/** A history that is read and written. */
export interface OpenHistory extends HistoryReading, PauseWriting, Pick<ProcessWriting, 'removeProcess'> {
  readonly database: SqliteDatabase;
  readonly identity: FileIdentity;
  /** In one transaction. */
  write(id: string, now: number, report: Written, kept: KeptDelivered): void;
}

/** What a process reports, or what happened to notifications alone. */
type Written = Partial<HistoryReport> & Pick<HistoryReport, 'entries' | 'delivered'>;

/** Opens the file, or begins it anew, with the newest of the pauses that it has and that are known. */
export function openHistory(open: OpenSqlite, file: string, known: readonly PauseChange[]): OpenHistory {
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
    const identity = identityOf(file);
    if (identity.file !== inode) throw new Error('the file was replaced while it was being opened');
    return { database, identity, ...work };
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

export function prepareReading(database: SqliteDatabase): HistoryReading {
  return {
    ...createTimelineReading(database),
    ...prepareProcessReading(database),
    ...prepareMinuteReading(database),
    readPauseChanges: () => readPauseChanges(database),
    readCountsByType: (from, now) => readCountsByType(database, from, now),
  };
}
