import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CRMConfigError } from '../core/errors.js';
import { outboxSettings } from '../outbox/outbox-settings.js';
import { findOutboxFile } from '../outbox/sqlite/outbox-directory.js';
import type { CliContext } from './cli-context.js';
import { CliFailure, UsageFailure } from './cli-failure.js';

export interface OutboxOptions {
  readonly outbox?: string;
}

/** An outbox that is there. */
export interface OutboxPlace {
  readonly directory: string;
  readonly file: string;
}

export function addOutboxOption(command: Command): Command {
  return command.option('--outbox <dir>', 'the directory of the outbox (CRM_OUTBOX, else .crm-outbox)');
}

/** Where the outbox that a command is about should be. Throws `UsageFailure` for what cannot be a place. */
export function directoryOf(options: OutboxOptions, { env }: Pick<CliContext, 'env'>): string {
  const { kind, variable, default: usual } = outboxSettings.path;
  const directory = options.outbox ?? env[variable] ?? usual;
  if (kind.check(directory) !== undefined)
    throw new UsageFailure('--outbox (CRM_OUTBOX) must be the path of a directory');
  if (directory !== ':memory:') return resolve(directory);
  throw new UsageFailure('an outbox in memory is seen by its own app only; give the directory of one on disk');
}

/** Finds an outbox that is there; throws, and makes nothing, where there is none or it is not ours. */
export function findOutbox(options: OutboxOptions, context: Pick<CliContext, 'env'>): OutboxPlace {
  const directory = directoryOf(options, context);
  let file: string | undefined;
  try {
    file = findOutboxFile(directory);
  } catch (error) {
    throw error instanceof CRMConfigError ? aboutOutbox(directory, error) : error;
  }
  if (file !== undefined) return { directory, file };
  const fix = 'Give the directory that the app has as its outbox: with --outbox DIR, or as CRM_OUTBOX';
  throw new CliFailure(`there is no outbox in ${directory}. ${fix}`, 'ERR_NO_OUTBOX');
}

/**
 * Throws when this user is root and the outbox another's: what root makes beside the file, the app could not open any
 * more.
 */
export function refuseAsRoot(directory: string): void {
  const uid = statSync(directory, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid === 0 || process.geteuid?.() !== 0) return;
  const fix = `Do this as the user it belongs to, such as with: sudo -u '#${String(uid)}' crm-notifier …`;
  throw new CliFailure(`${directory} belongs to another user. ${fix}`, 'ERR_FOREIGN_OUTBOX');
}

/** An error about an outbox's place, with the place. */
function aboutOutbox(directory: string, error: CRMConfigError): CliFailure {
  return new CliFailure(`${directory} ${error.issues.map(({ message }) => message).join('; ')}`, error.code);
}
