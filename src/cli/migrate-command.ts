import type { Command } from 'commander';
import { migrateTables, missingStatements } from '../outbox/postgres/prepare-tables.js';
import { ServerError } from '../outbox/postgres/server-errors.js';
import {
  CliFailure,
  setAction,
  UsageFailure,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from './command.js';
import { addOutboxOption, outboxPlaceOf, type OutboxOptions } from './outbox/outbox-place.js';
import { withServer, type PostgresPlace } from './outbox/postgres-place.js';

interface MigrateOptions extends CommonOptions, OutboxOptions {
  readonly dryRun?: true;
}

export function addMigrateCommand(program: Command, context: CliContext): void {
  const command = program
    .command('migrate')
    .description('create the tables of an outbox in PostgreSQL, or bring them up to date')
    .option('--dry-run', 'change nothing, and print the SQL that is missing')
    .addHelpText(
      'after',
      `
For an app whose own role may not do it, and that has migrate: false. It is safe while apps use the outbox.

Examples:
  $ crm-notifier migrate --outbox postgres://owner@db.internal/bookings
  $ crm-notifier migrate --outbox postgres://owner@db.internal/bookings --table sales.crm_outbox --dry-run > outbox.sql`,
    );
  setAction<MigrateOptions>(addOutboxOption(command), context, migrate);
}

async function migrate({ context, options, output }: CommandSession<MigrateOptions>): Promise<'done'> {
  const place = outboxPlaceOf(options, context);
  if (place.kind === 'file') {
    const fix = 'An outbox on disk is created and migrated when the app starts';
    throw new UsageFailure(`migrate needs an outbox in PostgreSQL: --outbox postgres://…. ${fix}`);
  }
  const { name } = place;
  if (options.dryRun === true) {
    const statements = await withServer(place, ({ run }) => missingStatements(run, place.outbox));
    const sql = statements.map((statement) => `${statement};`);
    if (output.isJson || sql.length > 0) output.result({ outbox: name, sql }, sql.join('\n'));
    if (sql.length === 0) output.note(`Nothing is missing in ${name}.`);
    return 'done';
  }
  const count = await changeTables(place);
  const what = count === 0 ? 'was up to date' : 'is ready now';
  output.result({ outbox: name, isChanged: count > 0 }, `The outbox in ${name} ${what}.`);
  return 'done';
}

/** Resolves to how many statements were missing. */
function changeTables(place: PostgresPlace): Promise<number> {
  return withServer(place, async (server) => {
    try {
      return await migrateTables(server, place.outbox);
    } catch (error) {
      if (!(error instanceof ServerError) || error.state !== '42501') throw error;
      const fix = 'Connect as the owner of the database, or give its owner the SQL that --dry-run prints';
      throw new CliFailure(
        `this role may not create or change the tables of the outbox in ${place.name}. ${fix}`,
        error.code,
      );
    }
  });
}
