import { Command } from 'commander';
import { version } from '../core/version.js';
import { addCheckCommand } from './check-command.js';
import type { CliContext } from './cli-context.js';
import { addCrmCommand } from './crm-command.js';
import { addDeliverCommand } from './deliver-command.js';
import { addOutboxCommand } from './outbox-command.js';
import { refuseTokenArguments } from './refuse-token-arguments.js';
import { withoutControls } from './safe-text.js';
import { addSendCommand } from './send-command.js';

/** The whole command line; its commands act on the given context. It ends with a `CommanderError`, never the process. */
export function createProgram(context: CliContext): Command {
  const { stdout, stderr } = context;
  const program = new Command('crm-notifier')
    .description('Talks to the CRM and looks after the outbox of express-crm-notifier.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        if (stdout.writable) stdout.write(text);
      },
      writeErr: (text) => {
        if (stderr.writable) stderr.write(withoutControls(text));
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      `
Variables: CRM_BASE_URL, CRM_AUTH_TOKEN, CRM_OUTBOX and whatever else the library reads.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Examples:
  $ crm-notifier check
  $ crm-notifier outbox stats
  $ crm-notifier outbox redeliver --all`,
    );
  addCheckCommand(program, context);
  addSendCommand(program, context);
  addOutboxCommand(program, context);
  addDeliverCommand(program, context);
  addCrmCommand(program, context);
  refuseTokenArguments(program);
  showUsageAfterErrors(program, '');
  return program;
}

function showUsageAfterErrors(command: Command, parents: string): void {
  const name = `${parents}${command.name()}`;
  command.showHelpAfterError(`Usage: ${name} ${command.usage()}\nMore:  ${name} --help`);
  for (const child of command.commands) showUsageAfterErrors(child, `${name} `);
}
