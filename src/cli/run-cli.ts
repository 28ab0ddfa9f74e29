import { Command, CommanderError } from 'commander';
import { version } from '../core/version.js';
import { refuseTokenArguments } from './arguments.js';
import { addCheckCommand } from './check-command.js';
import { failedCode, Interrupted, type CliContext } from './command.js';
import { addCrmCommand } from './crm-command.js';
import { addDeliverCommand } from './deliver-command.js';
import { addMigrateCommand } from './migrate-command.js';
import { addDiscardCommand, addRedeliverCommand } from './outbox/dead-letter-commands.js';
import { addExportCommand } from './outbox/export-command.js';
import { addListCommand } from './outbox/list-command.js';
import { addPauseCommand, addResumeCommand } from './outbox/pause-commands.js';
import { addShowCommand } from './outbox/show-command.js';
import { addStatsCommand } from './outbox/stats-command.js';
import { addTryCommand } from './outbox/try-command.js';
import { withoutControls } from './output.js';
import { addSendCommand } from './send-command.js';

/** Runs a command line (without the names of node and the program) and returns the exit code. Never ends the process. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return context.stop.reason === 'SIGTERM' ? 143 : 130;
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === failedCode ? error.exitCode : 2;
    throw error;
  }
}

function createProgram(context: CliContext): Command {
  const { stdout, stderr } = context;
  const program = new Command('crm-notifier')
    .description('Check the CRM connection, send notifications and manage the outbox of express-crm-notifier.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        if (stdout.writable) stdout.write(text);
      },
      writeErr: (text) => {
        if (stderr.writable) stderr.write(withoutControls(withoutUserInfo(text)));
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      `
Variables: CRM_BASE_URL, CRM_AUTH_TOKEN, CRM_OUTBOX and the others that the library reads, from the environment, then
from .env in the working directory or the file of --env-file.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Examples:
  $ crm-notifier check
  $ crm-notifier outbox stats
  $ crm-notifier outbox redeliver --all`,
    );
  addCheckCommand(program, context);
  addSendCommand(program, context);
  addOutboxCommands(program, context);
  addDeliverCommand(program, context);
  addMigrateCommand(program, context);
  addCrmCommand(program, context);
  refuseTokenArguments(program);
  showUsageAfterErrors(program, '');
  return program;
}

/** Commander repeats an unknown option with its value, which may be a URL with a password. */
function withoutUserInfo(text: string): string {
  return text.replace(/(:\/\/)(?!user:password@)\S*@/g, '$1');
}

function addOutboxCommands(program: Command, context: CliContext): void {
  const outbox = program
    .command('outbox')
    .description('inspect and manage an outbox, on disk or in PostgreSQL; safe while apps use it')
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox stats --outbox /var/lib/app/.crm-outbox
  $ crm-notifier outbox list --dead --search 422`,
    );
  addStatsCommand(outbox, context);
  addListCommand(outbox, context);
  addShowCommand(outbox, context);
  addTryCommand(outbox, context);
  addRedeliverCommand(outbox, context);
  addDiscardCommand(outbox, context);
  addPauseCommand(outbox, context);
  addResumeCommand(outbox, context);
  addExportCommand(outbox, context);
}

function showUsageAfterErrors(command: Command, parents: string): void {
  const name = `${parents}${command.name()}`;
  command.showHelpAfterError(`Usage: ${name} ${command.usage()}\nMore:  ${name} --help`);
  for (const child of command.commands) showUsageAfterErrors(child, `${name} `);
}
