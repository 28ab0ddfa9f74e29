import type { Command } from 'commander';
import type { CliContext } from './cli-context.js';
import { addDiscardCommand } from './outbox-discard-command.js';
import { addExportCommand } from './outbox-export-command.js';
import { addListCommand } from './outbox-list-command.js';
import { addRedeliverCommand } from './outbox-redeliver-command.js';
import { addShowCommand } from './outbox-show-command.js';
import { addStatsCommand } from './outbox-stats-command.js';

export function addOutboxCommand(program: Command, context: CliContext): void {
  const outbox = program
    .command('outbox')
    .description('looks after an outbox on disk; safe beside the apps that use it')
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
  addRedeliverCommand(outbox, context);
  addDiscardCommand(outbox, context);
  addExportCommand(outbox, context);
}
