import type { Command } from 'commander';
import { durationText } from '../core/duration-text.js';
import type { CliContext } from './cli-context.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { readOutbox } from './use-outbox.js';

interface StatsOptions extends CommonOptions, OutboxOptions {}

export function addStatsCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('stats')
    .description('how much is pending and dead, and how old the oldest is')
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox stats
  $ crm-notifier outbox stats --outbox /var/lib/app/.crm-outbox --json`,
    );
  setAction<StatsOptions>(addOutboxOption(command), context, stats);
}

async function stats({ context, options, output }: CommandSession<StatsOptions>): Promise<'done'> {
  const place = findOutbox(options, context);
  const { pending, pendingBytes, dead, oldestAcceptedAt } = await readOutbox(place, (outbox) => outbox.counts());
  const oldestAgeMs = oldestAcceptedAt === undefined ? 0 : Math.max(0, Date.now() - oldestAcceptedAt);
  const oldest = pending === 0 ? '' : `, the oldest for ${durationText(oldestAgeMs)}`;
  output.result(
    { outbox: place.directory, pending, pendingBytes, dead, oldestAgeMs },
    [
      `outbox   ${place.directory}`,
      `pending  ${String(pending)} (${String(pendingBytes)} bytes${oldest})`,
      `dead     ${String(dead)}`,
    ].join('\n'),
  );
  return 'done';
}
