import type { Command } from 'commander';
import { pausedText } from '../../history/try-unless-paused.js';
import { parseNotificationId } from '../arguments.js';
import { CliFailure, setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText } from '../output.js';
import { changeOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { completeIds } from './short-ids.js';

interface TryOptions extends CommonOptions, OutboxOptions {
  readonly target?: string;
}

export function addTryCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('try')
    .description('try a pending notification at once, instead of at its next attempt')
    .argument('<id>', 'its id; the beginning or end is enough', parseNotificationId)
    .option('--target <name>', 'only for this target')
    .addHelpText(
      'after',
      `
It must be the first of its lane. The process that delivers tries it within a second.

Examples:
  $ crm-notifier outbox try 33f9f0e71da1
  $ crm-notifier outbox try 33f9f0e71da1 --target sales`,
    );
  setAction<TryOptions>(addOutboxOption(command), context, tryNow);
}

async function tryNow(
  { context, options, output, logger }: CommandSession<TryOptions>,
  [given]: readonly unknown[],
): Promise<'done'> {
  const place = findOutbox(options, context);
  const [id = ''] = await completeIds([String(given)], place);
  const { tried, paused } = await changeOutbox(place, logger, (outbox) => outbox.tryNow(id, options.target));
  if (tried.length === 0 && paused.length > 0) {
    throw new CliFailure(safeText(paused.map(pausedText).join('; ')), 'ERR_PAUSED');
  }
  if (tried.length === 0) {
    const fix = `See what it waits for with: crm-notifier outbox show ${id}`;
    throw new CliFailure(
      `${id} is not pending in ${place.name}, or not the first of its lane. ${fix}`,
      'ERR_NOT_FOUND',
    );
  }
  output.result({ tried: tried.length }, `${id} is due now.`);
  return 'done';
}
