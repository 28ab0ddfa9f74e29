import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { asPromise } from '../core/as-promise.js';
import { closeConnection } from '../outbox/sqlite/connection.js';
import { inodeOf } from '../outbox/sqlite/file-identity.js';
import { makePrivateFile } from '../outbox/sqlite/outbox-directory.js';
import type { OpenSqlite, SqliteDatabase, SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import { rollBack } from '../outbox/sqlite/roll-back.js';
import { countDelivered, listDelivered } from './all-delivered.js';
import {
  goneAfterMs,
  minutesKeptMs,
  type History,
  type HistoryReport,
  type KeptDelivered,
  type MinuteCounts,
  type OutboxProcess,
} from './history.js';
import { hasBecomeUnusable, historyFileOf, isUnusable, removeHistory } from './history-file.js';
import { pausesTable, preparePauses, type PauseReading, type PauseWriting, readPauseChanges } from './sqlite-pauses.js';
import {
  createTimelineReading,
  prepareTimelineWriting,
  timelineTables,
  type TimelineReading,
} from './sqlite-timelines.js';
import { prepareTypes, readCountsByType, type TypeReading, type TypeWriting, typesTable } from './sqlite-types.js';
import { isThere, storedOf, type StoredReport } from './stored-report.js';

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
/** How long the row of a process that was killed is kept. */
const rowKeptMs = 24 * 3_600_000;

/**
 * Opens a history in a file of its own: nothing that befalls it can harm the outbox. It is made when something is first reported;
 * one that is damaged, deleted or replaced is begun anew.
 */
export function createSqliteHistory({ open, outboxFile, now, keptDelivered }: SqliteHistoryOptions): History {
  const file = historyFileOf(outboxFile);
  const id = randomUUID();
  let opened: OpenHistory | undefined;

  const close = (): void => {
    const { database } = opened ?? {};
    opened = undefined;
    if (database !== undefined) closeConnection(database);
  };

  const use = <Result>(work: (history: OpenHistory) => Result): Promise<Result> =>
    asPromise(() => {
      if (opened !== undefined && inodeOf(file) !== opened.inode) close();
      opened ??= openHistory(open, file);
      try {
        return work(opened);
      } catch (error) {
        if (hasBecomeUnusable(error)) {
          close();
          removeHistory(file);
        }
        throw error;
      }
    });

  return {
    report: (report) =>
      use((history) => {
        history.write(id, Math.round(now()), report, keptDelivered);
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
    pauseChanges: () => use((history) => history.readPauseChanges()),
    changePause: (change) =>
      use((history) => {
        history.writePauseChange(change, now());
      }),
    close: () =>
      asPromise(() => {
        try {
          opened?.remove(id);
        } finally {
          close();
        }
      }),
  };
}

/** Reads what there is, beside the processes that write; `none` if nothing was ever reported. Changes nothing. */
export function readSqliteHistory<Result>(
  open: OpenSqlite,
  outboxFile: string,
  read: (history: HistoryReading) => Result,
  none: Result,
): Result {
  const file = historyFileOf(outboxFile);
  if (inodeOf(file) === undefined) return none;
  const database = open(file, { readOnly: true });
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    return read(prepareReading(database));
  } catch (error) {
    // The next process that reports begins it anew.
    if (isUnusable(error)) return none;
    throw error;
  } finally {
    database.close();
  }
}

/** What is read of a history, also by a process that changes nothing. */
export interface HistoryReading extends PauseReading, TypeReading, TimelineReading {
  readProcesses(now: number): readonly OutboxProcess[];
  readMinutes(from: number): readonly MinuteCounts[];
}

interface OpenHistory extends HistoryReading, PauseWriting, TypeWriting {
  readonly database: SqliteDatabase;
  readonly inode: number | undefined;
  /** In one transaction. */
  write(id: string, now: number, report: Written, kept: KeptDelivered): void;
  remove(id: string): void;
}

/** What a process reports, or what happened to notifications alone. */
type Written = Partial<HistoryReport> & Pick<HistoryReport, 'entries' | 'delivered'>;

function openHistory(open: OpenSqlite, file: string): OpenHistory {
  try {
    return prepareHistory(open, file);
  } catch (error) {
    if (!isUnusable(error)) throw error;
    removeHistory(file);
    return prepareHistory(open, file);
  }
}

function prepareHistory(open: OpenSqlite, file: string): OpenHistory {
  makePrivateFile(file);
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    database.exec('PRAGMA journal_mode = WAL');
    // It survives the end of the process; what a power cut takes of it is no notification.
    database.exec('PRAGMA synchronous = OFF');
    // Lanes hold ids of people: what is no longer needed is overwritten.
    database.exec('PRAGMA secure_delete = ON');
    database.exec(tables + timelineTables);
    const types = prepareTypes(database);
    const work = {
      ...prepareReading(database),
      ...prepareWriting(database, types),
      ...preparePauses(database),
      ...types,
    };
    return { database, inode: inodeOf(file), ...work };
  } catch (error) {
    database.close();
    throw error;
  }
}

const tables = `
  CREATE TABLE IF NOT EXISTS process (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    report TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS minute (
    start_at INTEGER NOT NULL,
    target TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (start_at, target)
  ) STRICT, WITHOUT ROWID;${pausesTable}${typesTable}`;

function prepareWriting(database: SqliteDatabase, typeWriting: TypeWriting): Pick<OpenHistory, 'write' | 'remove'> {
  const writeProcess = database.prepare(
    `INSERT INTO process (id, seen_at, report) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, report = excluded.report`,
  );
  const removeProcess = database.prepare('DELETE FROM process WHERE id = ?');
  const removeOldProcesses = database.prepare('DELETE FROM process WHERE seen_at < ?');
  const addMinute = database.prepare(
    `INSERT INTO minute (start_at, target, accepted, delivered, retried, dead) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (start_at, target) DO UPDATE SET accepted = accepted + excluded.accepted,
       delivered = delivered + excluded.delivered, retried = retried + excluded.retried, dead = dead + excluded.dead`,
  );
  const removeOldMinutes = database.prepare('DELETE FROM minute WHERE start_at < ?');
  const writeTimelines = prepareTimelineWriting(database);
  return {
    write(id, now, { process: own, minutes = [], types = [], ...timelines }, kept) {
      database.exec('BEGIN IMMEDIATE');
      try {
        if (own !== undefined) {
          const report: StoredReport = { ...own, name: hostname(), pid: process.pid };
          writeProcess.run(id, now, JSON.stringify(report));
        }
        for (const { startAt, target, accepted, delivered, retried, dead } of minutes)
          addMinute.run(startAt, target, accepted, delivered, retried, dead);
        removeOldProcesses.run(now - rowKeptMs);
        removeOldMinutes.run(now - minutesKeptMs);
        writeTimelines(timelines, now, kept);
        typeWriting.addTypes(types, now);
        database.exec('COMMIT');
      } catch (error) {
        rollBack(database);
        throw error;
      }
    },
    remove(id) {
      removeProcess.run(id);
    },
  };
}

function prepareReading(database: SqliteDatabase): HistoryReading {
  const selectProcesses = database.prepare('SELECT id, seen_at, report FROM process WHERE seen_at > ?');
  const selectMinutes = database.prepare(
    `SELECT start_at AS startAt, target, accepted, delivered, retried, dead FROM minute
     WHERE start_at >= ? ORDER BY start_at, target`,
  );
  return {
    ...createTimelineReading(database),
    readProcesses(now) {
      const found = (selectProcesses.all(now - goneAfterMs) as SqliteRow[]).map(storedOf).filter(isThere);
      // One that was killed may have been the leader before.
      const leader = Math.max(...found.map(({ leadsSince }) => leadsSince ?? -Infinity));
      return found
        .map(({ leadsSince, ...process }) => ({ ...process, isLeader: leadsSince !== null && leadsSince === leader }))
        .sort((one, other) => one.startedAt - other.startedAt);
    },
    readMinutes: (from) => selectMinutes.all(from) as MinuteCounts[],
    readPauseChanges: () => readPauseChanges(database),
    readCountsByType: (from, now) => readCountsByType(database, from, now),
  };
}
