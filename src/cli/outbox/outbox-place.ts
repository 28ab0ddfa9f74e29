import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CRMConfigError } from '../../core/errors.js';
import { outboxSettings } from '../../outbox/outbox-settings.js';
import { defaultTable, type PostgresOutbox } from '../../outbox/postgres/postgres-outbox.js';
import { findOutboxFile } from '../../outbox/sqlite/outbox-directory.js';
import { type CliContext, CliFailure, UsageFailure } from '../command.js';
import { postgresPlaceOf, type PostgresPlace } from './postgres-place.js';

export interface OutboxOptions {
  readonly outbox?: string;
  readonly table?: string;
}

/** Where an existing outbox is. */
export type OutboxPlace = FilePlace | PostgresPlace;

/** Where an outbox is, or may be created. */
export type GivenPlace = DirectoryPlace | PostgresPlace;

export interface DirectoryPlace {
  readonly kind: 'file';
  /** The directory, for people. */
  readonly name: string;
  readonly directory: string;
}

export interface FilePlace extends DirectoryPlace {
  readonly file: string;
}

export function addOutboxOption(command: Command): Command {
  return addTableOption(
    command.option(
      '--outbox <place>',
      'the directory of the outbox, or postgres://… (default: CRM_OUTBOX, then .crm-outbox)',
    ),
  );
}

export function addTableOption(command: Command): Command {
  return command.option('--table <name>', `the table of an outbox in PostgreSQL (default: ${defaultTable})`);
}

/** Returns the place that the options name; there may be no outbox. Throws `UsageFailure` if it cannot be one. */
export function outboxPlaceOf({ outbox, table }: OutboxOptions, { env }: Pick<CliContext, 'env'>): GivenPlace {
  const { kind, variable, default: usual } = outboxSettings.path;
  const given = outbox ?? env[variable] ?? (usual as string);
  // Any URL, so that no password in one is taken for a directory's name and shown.
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(given)) return postgresPlaceOf(given, table, env);
  if (table !== undefined) throw new UsageFailure('--table needs an outbox in PostgreSQL: --outbox postgres://…');
  if (kind.check(given) !== undefined) {
    throw new UsageFailure('--outbox (CRM_OUTBOX) must be the path of a directory, or a URL: postgres://…');
  }
  const directory = resolve(given);
  if (given !== ':memory:') return { kind: 'file', name: directory, directory };
  throw new UsageFailure('an outbox in memory exists only inside its app; give the directory of one on disk');
}

/** Returns the place as `createNotifier` takes it. */
export function outboxOptionOf(place: GivenPlace): string | PostgresOutbox {
  return place.kind === 'postgres' ? place.outbox : place.directory;
}

/**
 * Finds an existing outbox and creates nothing. Throws `CliFailure` if there is none on disk, or none that we can use; one in
 * PostgreSQL is looked for when it is opened.
 */
export function findOutbox(options: OutboxOptions, context: Pick<CliContext, 'env'>): OutboxPlace {
  const place = outboxPlaceOf(options, context);
  if (place.kind === 'postgres') return place;
  const { directory } = place;
  let file: string | undefined;
  try {
    file = findOutboxFile(directory);
  } catch (error) {
    if (!(error instanceof CRMConfigError)) throw error;
    // Most of these name the directory, or what is in it.
    const problems = error.issues.map(({ message }) => (message.includes(directory) ? '' : `${directory} `) + message);
    throw new CliFailure(problems.join('; '), error.code);
  }
  if (file !== undefined) return { ...place, file };
  const fix = "Give the app's outbox directory with --outbox DIR or CRM_OUTBOX";
  throw new CliFailure(`there is no outbox in ${directory}. ${fix}`, 'ERR_NO_OUTBOX');
}

/**
 * Throws `CliFailure` if we run as root and an outbox on disk belongs to another user: the app could not open the files that
 * root creates in it.
 */
export function refuseAsRoot(place: GivenPlace): void {
  if (place.kind === 'postgres') return;
  const { directory } = place;
  const uid = statSync(directory, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid === 0 || process.geteuid?.() !== 0) return;
  const fix = `Run this as its owner, for example: sudo -u '#${String(uid)}' crm-notifier …`;
  throw new CliFailure(`${directory} belongs to another user. ${fix}`, 'ERR_FOREIGN_OUTBOX');
}
