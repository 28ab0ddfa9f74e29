import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CRMConfigError } from '../../core/errors.js';
import type { Outbox } from '../../outbox/outbox.js';
import { outboxSettings } from '../../outbox/outbox-settings.js';
import { findOutboxFile } from '../../outbox/sqlite/outbox-directory.js';
import { openOutboxToRead, type ReadableOutbox } from '../../outbox/sqlite/read-outbox.js';
import { loadSqlite } from '../../outbox/sqlite/sqlite-driver.js';
import { openOutbox } from '../../post-office/open-outbox.js';
import { claimOutbox } from '../../post-office/outbox-claim.js';
import type { Logger } from '../../telemetry/logger.js';
import { CliFailure, UsageFailure, type CliContext } from '../command.js';

export interface OutboxOptions {
  readonly outbox?: string;
}

/** Where an existing outbox is. */
export interface OutboxPlace {
  readonly directory: string;
  readonly file: string;
}

export function addOutboxOption(command: Command): Command {
  return command.option('--outbox <dir>', 'the directory of the outbox (default: CRM_OUTBOX, then .crm-outbox)');
}

/** Returns the directory that the options name. It may not exist. Throws `UsageFailure` if it cannot be a directory. */
export function outboxDirectoryOf(options: OutboxOptions, { env }: Pick<CliContext, 'env'>): string {
  const { kind, variable, default: usual } = outboxSettings.path;
  const directory = options.outbox ?? env[variable] ?? usual;
  if (kind.check(directory) !== undefined)
    throw new UsageFailure('--outbox (CRM_OUTBOX) must be the path of a directory');
  if (directory !== ':memory:') return resolve(directory);
  throw new UsageFailure('an outbox in memory exists only inside its app; give the directory of one on disk');
}

/** Finds an existing outbox and creates nothing. Throws `CliFailure` if there is none, or none that we can use. */
export function findOutbox(options: OutboxOptions, context: Pick<CliContext, 'env'>): OutboxPlace {
  const directory = outboxDirectoryOf(options, context);
  let file: string | undefined;
  try {
    file = findOutboxFile(directory);
  } catch (error) {
    if (!(error instanceof CRMConfigError)) throw error;
    throw new CliFailure(`${directory} ${error.issues.map(({ message }) => message).join('; ')}`, error.code);
  }
  if (file !== undefined) return { directory, file };
  const fix = "Give the app's outbox directory with --outbox DIR or CRM_OUTBOX";
  throw new CliFailure(`there is no outbox in ${directory}. ${fix}`, 'ERR_NO_OUTBOX');
}

/**
 * Throws `CliFailure` if we run as root and the outbox belongs to another user: the app could not open the files that root
 * creates in it.
 */
export function refuseAsRoot(directory: string): void {
  const uid = statSync(directory, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid === 0 || process.geteuid?.() !== 0) return;
  const fix = `Run this as its owner, for example: sudo -u '#${String(uid)}' crm-notifier …`;
  throw new CliFailure(`${directory} belongs to another user. ${fix}`, 'ERR_FOREIGN_OUTBOX');
}

/** Opens an outbox read-only, beside any app that uses it, for the time of one call. */
export async function readOutbox<Result>(
  { file }: OutboxPlace,
  read: (outbox: ReadableOutbox) => Result | Promise<Result>,
): Promise<Result> {
  const outbox = openOutboxToRead(await loadSqlite(), file);
  try {
    return await read(outbox);
  } finally {
    outbox.close();
  }
}

/**
 * Opens an outbox for changes, as one more process that shares it, for the time of one call. This process does not deliver;
 * the one that does sees the changes by itself.
 */
export async function changeOutbox<Result>(
  place: OutboxPlace,
  logger: Logger,
  change: (outbox: Outbox) => Result | Promise<Result>,
): Promise<Result> {
  refuseAsRoot(place.directory);
  const claim = claimOutbox(place.directory);
  try {
    const onRepaired = (error: Error): void => {
      logger.error({}, error.message);
    };
    const now = (): number => Date.now();
    const { outbox } = await openOutbox({ file: claim.file, sync: 'full', now, onRepaired, runNative: undefined });
    try {
      return await change(outbox);
    } finally {
      outbox.close();
    }
  } finally {
    claim.release();
  }
}
