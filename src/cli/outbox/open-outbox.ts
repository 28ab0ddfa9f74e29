import { randomUUID } from 'node:crypto';
import { asPromise } from '../../core/as-promise.js';
import {
  type Changes,
  type DeliveredNotification,
  type DeliveredQuery,
  keepAll,
  type History,
  type OutboxProcess,
  type PauseChange,
  type Timeline,
  type TimelineEntry,
  type TypeCounts,
} from '../../history/history.js';
import { listDelivered } from '../../history/all-delivered.js';
import { pausedByHand } from '../../history/paused-by-hand.js';
import { createPostgresHistory, readPauseChanges, readProcesses } from '../../history/postgres-history.js';
import { readCountsByType } from '../../history/postgres-types.js';
import { recordChanges, type RecordedChanges } from '../../history/record-changes.js';
import type { DeliveredFound } from '../../history/sqlite-delivered.js';
import { createSqliteHistory, readSqliteHistory } from '../../history/sqlite-history.js';
import { readTimeline } from '../../history/timeline.js';
import { tryUnlessPaused, type TryResult } from '../../history/try-unless-paused.js';
import { createLocalAccess, createLocalReading } from '../../outbox/local-access.js';
import type { OutboxAccess, OutboxReading } from '../../outbox/outbox-access.js';
import { findIdsLike } from '../../outbox/postgres/ids-like.js';
import { createPostgresAccess, serverNow } from '../../outbox/postgres/postgres-access.js';
import type { RunSql } from '../../outbox/postgres/postgres-server.js';
import { findVersion } from '../../outbox/postgres/prepare-tables.js';
import { schemaVersion, tablesOf } from '../../outbox/postgres/schema.js';
import { openOutboxToRead } from '../../outbox/sqlite/read-outbox.js';
import { loadSqlite } from '../../outbox/sqlite/sqlite-driver.js';
import { openOutbox } from '../../post-office/open-outbox.js';
import { claimOutbox } from '../../post-office/outbox-claim.js';
import type { Logger } from '../../telemetry/logger.js';
import { CliFailure } from '../command.js';
import { refuseAsRoot, type FilePlace, type GivenPlace, type OutboxPlace } from './outbox-place.js';
import { withServer, type PostgresPlace } from './postgres-place.js';

/** What commands that change nothing use of an outbox. */
export interface ReadableOutbox extends Omit<OutboxReading, 'close'> {
  /** Ids that begin or end with a text, pending or dead, each once: at most `limit` of them. */
  idsLike(part: string, limit: number): Promise<readonly string[]>;
  /** The same of those of which anything is kept, though they may be neither. */
  keptIdsLike(part: string, limit: number): Promise<readonly string[]>;
  /** The processes that use it, in the order of their start. */
  processes(): Promise<readonly OutboxProcess[]>;
  /** The latest changes of pauses by hand, in the order in which they were made. */
  pauseChanges(): Promise<readonly PauseChange[]>;
  /** What is known of a notification, for each of its targets. */
  timeline(id: string): Promise<Timeline>;
  /** Delivered notifications that are kept and match, newest first, at most `limit` of them. */
  listDelivered(query: DeliveredQuery): Promise<readonly DeliveredNotification[]>;
  /** What all processes have done since an instant, for each type and target, the most accepted first. */
  countsByType(from: number): Promise<readonly TypeCounts[]>;
  /** What people have done to dead letters since an instant. */
  changes(from: number): Promise<Changes>;
  /** By the clock of the stored instants, in milliseconds since 1970. */
  now(): Promise<number>;
}

/** What commands that change something use of an outbox. */
export interface ChangeableOutbox extends RecordedChanges {
  /** Makes a pending notification due at once, of one target or of all, but of none that is paused by hand. */
  tryNow(id: string, target?: string): Promise<TryResult>;
}

/** Opens an outbox beside any app that uses it, for the time of one call. A file is opened read-only. */
export function readOutbox<Result>(
  place: OutboxPlace,
  read: (outbox: ReadableOutbox) => Promise<Result>,
): Promise<Result> {
  return place.kind === 'file' ? readFile(place, read) : readTables(place, read);
}

/**
 * Opens an outbox for changes, as one more process that shares it, for the time of one call. This process does not deliver;
 * the one that does sees the changes by itself.
 */
export function changeOutbox<Result>(
  place: OutboxPlace,
  logger: Logger,
  change: (outbox: ChangeableOutbox) => Promise<Result>,
): Promise<Result> {
  return place.kind === 'file' ? changeFile(place, logger, change) : changeTables(place, change);
}

async function readFile<Result>(
  { file }: FilePlace,
  read: (outbox: ReadableOutbox) => Promise<Result>,
): Promise<Result> {
  const outbox = openOutboxToRead(loadSqlite(), file);
  try {
    const reading = createLocalReading(outbox);
    return await read({
      ...reading,
      idsLike: (part, limit) => Promise.resolve(outbox.idsLike(part, limit)),
      keptIdsLike: (part, limit) =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.idsLike(part, limit), [])),
      processes: () =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readProcesses(Date.now()), [])),
      pauseChanges: () =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readPauseChanges(), [])),
      timeline: (id) => readTimeline(reading, { timeline: (...which) => readKept(file, which) }, id),
      listDelivered: (query) =>
        listDelivered(
          (piece, most) =>
            asPromise(() =>
              readSqliteHistory(loadSqlite(), file, (history) => history.searchDelivered(piece, most), noDelivered),
            ),
          query,
          0,
        ),
      countsByType: (from) =>
        asPromise(() =>
          readSqliteHistory(loadSqlite(), file, (history) => history.readCountsByType(from, Date.now()), []),
        ),
      changes: (from) =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readChanges(from), noChanges)),
      now: () => Promise.resolve(Date.now()),
    });
  } finally {
    outbox.close();
  }
}

const noDelivered: DeliveredFound = { delivered: [], next: undefined };
const noChanges: Changes = { redelivered: 0, discarded: 0, latest: [] };

/** What the history beside an outbox's file has of a notification. */
function readKept(file: string, which: Parameters<History['timeline']>): ReturnType<History['timeline']> {
  const none = { entries: [], delivered: [] };
  return asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readTimeline(...which), none));
}

async function changeFile<Result>(
  place: FilePlace,
  logger: Logger,
  change: (outbox: ChangeableOutbox) => Promise<Result>,
): Promise<Result> {
  refuseAsRoot(place);
  const claim = claimOutbox(place.directory);
  try {
    const onRepaired = (error: Error): void => {
      logger.error({}, error.message);
    };
    const now = (): number => Date.now();
    const { outbox } = openOutbox({ file: claim.file, sync: 'full', now, onRepaired, runNative: undefined });
    const history = createSqliteHistory({ open: loadSqlite(), outboxFile: claim.file, now, keptDelivered: keepAll });
    try {
      return await change(recorded(createLocalAccess(outbox, now), history));
    } finally {
      await history.close().catch(() => undefined);
      outbox.close();
    }
  } finally {
    claim.release();
  }
}

function readTables<Result>(place: PostgresPlace, read: (outbox: ReadableOutbox) => Promise<Result>): Promise<Result> {
  return withServer(place, async ({ run }) => {
    await checkTables(run, place);
    const { table } = place.outbox;
    const { pending, dead, timeline, delivered } = tablesOf(table);
    const access = createPostgresAccess({ run, table });
    return read({
      ...access,
      idsLike: (part, limit) => findIdsLike(run, [pending, dead], part, limit),
      keptIdsLike: (part, limit) => findIdsLike(run, [timeline, delivered], part, limit),
      processes: () => readProcesses(run, tablesOf(table)),
      pauseChanges: () => readPauseChanges(run, tablesOf(table)),
      timeline: (id) => readTimeline(access, historyIn(run, place), id),
      listDelivered: (query) => historyIn(run, place).listDelivered(query),
      countsByType: (from) => readCountsByType(run, tablesOf(table), from),
      changes: (from) => historyIn(run, place).changes(from),
      now: () => serverNow(run),
    });
  });
}

function changeTables<Result>(
  place: PostgresPlace,
  change: (outbox: ChangeableOutbox) => Promise<Result>,
): Promise<Result> {
  return withServer(place, async ({ run }) => {
    await checkTables(run, place);
    return change(recorded(createPostgresAccess({ run, table: place.outbox.table }), historyIn(run, place)));
  });
}

function historyIn(run: RunSql, { outbox: { table } }: PostgresPlace): History {
  const processId = randomUUID();
  const onReported = (): void => undefined;
  const tables = tablesOf(table);
  return createPostgresHistory({ run, tables, processId, keptDelivered: keepAll, now: Date.now, onReported });
}

/** Changes that leave their entries in the timelines; if those cannot be written, the changes are made nevertheless. */
function recorded(access: OutboxAccess, history: Pick<History, 'record' | 'pauseChanges'>): ChangeableOutbox {
  const onChanged = (entries: readonly TimelineEntry[]): Promise<void> =>
    history.record(entries).catch(() => undefined);
  const tryNow = async (id: string, target?: string): Promise<TryResult> => {
    const changes = await history.pauseChanges();
    return tryUnlessPaused(access, { id, target }, (name) => pausedByHand(changes, name));
  };
  return { ...recordChanges(access, { now: Date.now, onChanged }), tryNow };
}

/** Rejects with `CliFailure` if the tables of an outbox in PostgreSQL cannot be used. */
export async function requireTables(place: GivenPlace): Promise<void> {
  if (place.kind === 'postgres') await withServer(place, ({ run }) => checkTables(run, place));
}

/** Rejects with `CliFailure` if the tables on this connection cannot be used. */
export async function checkTables(run: RunSql, { name, outbox }: PostgresPlace): Promise<void> {
  const version = await findVersion(run, outbox);
  if (version === 0) {
    const fix = 'Create it with crm-notifier migrate, or name another with --outbox and --table';
    throw new CliFailure(`there is no outbox in ${name}. ${fix}`, 'ERR_NO_OUTBOX');
  }
  if (version === schemaVersion) return;
  const fix = 'Bring it up to date with crm-notifier migrate, or start the app';
  throw new CliFailure(`the outbox in ${name} was made by an earlier version. ${fix}`, 'ERR_CRM_OUTBOX');
}
