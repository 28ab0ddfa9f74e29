import { asPromise } from '../../core/as-promise.js';
import type { OutboxProcess, PauseChange } from '../../history/history.js';
import { readPauseChanges, readProcesses } from '../../history/postgres-history.js';
import { readSqliteHistory } from '../../history/sqlite-history.js';
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
  /** The processes that use it, in the order of their start. */
  processes(): Promise<readonly OutboxProcess[]>;
  /** The latest changes of pauses by hand, in the order in which they were made. */
  pauseChanges(): Promise<readonly PauseChange[]>;
  /** By the clock of the stored instants, in milliseconds since 1970. */
  now(): Promise<number>;
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
  change: (outbox: Omit<OutboxAccess, 'close'>) => Promise<Result>,
): Promise<Result> {
  return place.kind === 'file' ? changeFile(place, logger, change) : changeTables(place, change);
}

async function readFile<Result>(
  { file }: FilePlace,
  read: (outbox: ReadableOutbox) => Promise<Result>,
): Promise<Result> {
  const outbox = openOutboxToRead(loadSqlite(), file);
  try {
    return await read({
      ...createLocalReading(outbox),
      idsLike: (part, limit) => Promise.resolve(outbox.idsLike(part, limit)),
      processes: () =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readProcesses(Date.now()), [])),
      pauseChanges: () =>
        asPromise(() => readSqliteHistory(loadSqlite(), file, (history) => history.readPauseChanges(), [])),
      now: () => Promise.resolve(Date.now()),
    });
  } finally {
    outbox.close();
  }
}

async function changeFile<Result>(
  place: FilePlace,
  logger: Logger,
  change: (outbox: OutboxAccess) => Promise<Result>,
): Promise<Result> {
  refuseAsRoot(place);
  const claim = claimOutbox(place.directory);
  try {
    const onRepaired = (error: Error): void => {
      logger.error({}, error.message);
    };
    const now = (): number => Date.now();
    const { outbox } = openOutbox({ file: claim.file, sync: 'full', now, onRepaired, runNative: undefined });
    try {
      return await change(createLocalAccess(outbox, now));
    } finally {
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
    return read({
      ...createPostgresAccess({ run, table }),
      idsLike: (part, limit) => findIdsLike(run, table, part, limit),
      processes: () => readProcesses(run, tablesOf(table)),
      pauseChanges: () => readPauseChanges(run, tablesOf(table)),
      now: () => serverNow(run),
    });
  });
}

function changeTables<Result>(
  place: PostgresPlace,
  change: (outbox: OutboxAccess) => Promise<Result>,
): Promise<Result> {
  return withServer(place, async ({ run }) => {
    await checkTables(run, place);
    return change(createPostgresAccess({ run, table: place.outbox.table }));
  });
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
