import type { Command } from 'commander';
import { pausedText } from '../../history/try-unless-paused.js';
import { parseNotificationId } from '../arguments.js';
import { CliFailure, setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText } from '../output.js';
import { neglectedText, readDeliveryState } from './delivery-state.js';
import { whyNotTried } from './not-tried.js';
import { changeOutbox, readOutbox } from './open-outbox.js';
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
It must be the first of its lane, and its target not paused by hand; else this says what to do. The process that delivers tries it
within a second.

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
  const { target } = options;
  const { tried, paused } = await changeOutbox(place, logger, (outbox) => outbox.tryNow(id, target));
  const { isNeglected } = await readOutbox(place, readDeliveryState);
  const reached = tried.filter((name) => !isNeglected(name));
  const reasons = [...paused.map(pausedText), ...tried.filter(isNeglected).map(neglectedText)].map((why) =>
    safeText(why),
  );
  if (reached.length > 0) {
    output.result({ tried: reached.length }, `${id} is due now.`);
    for (const reason of reasons) output.note(`But ${reason}.`);
    return 'done';
  }
  if (reasons.length > 0)
    throw new CliFailure(reasons.join('; '), paused.length > 0 ? 'ERR_PAUSED' : 'ERR_UNKNOWN_TARGET');
  throw await readOutbox(place, (outbox) => whyNotTried(outbox, { id, target, place: place.name }));
}
