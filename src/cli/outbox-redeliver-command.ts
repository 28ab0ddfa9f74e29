import type { Command } from 'commander';
import { redeliverAll } from '../outbox/all-dead-letters.js';
import { addChoice, chosenIds, type ChoiceOptions } from './chosen-dead.js';
import type { CliContext } from './cli-context.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { isConfirmed } from './confirm.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { changeOutbox, readOutbox } from './use-outbox.js';

interface RedeliverOptions extends CommonOptions, OutboxOptions, ChoiceOptions {}

export function addRedeliverCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('redeliver')
    .description('makes dead letters pending again: the same id and bytes, at the end of their lane')
    .addHelpText(
      'after',
      `
A running app delivers them at once; without one, crm-notifier deliver does. --all asks on a terminal and wants --yes
elsewhere.

Examples:
  $ crm-notifier outbox redeliver 01a20bb3-6f81-71fc-be53-33f9f0e71da1
  $ crm-notifier outbox redeliver --all --yes`,
    );
  setAction<RedeliverOptions>(addOutboxOption(addChoice(command)), context, redeliver);
}

async function redeliver(
  { context, options, output, logger }: CommandSession<RedeliverOptions>,
  args: readonly unknown[],
): Promise<'done' | 'failed'> {
  const ids = chosenIds(options, args);
  const place = findOutbox(options, context);
  if (ids === undefined) {
    const { dead } = await readOutbox(place, (outbox) => outbox.counts());
    const question = `Redeliver all ${String(dead)} dead letters of ${place.directory}?`;
    if (dead > 0 && !(await isConfirmed(question, options.yes ?? false, context))) {
      output.note('Nothing was redelivered.');
      return 'failed';
    }
  }
  const now = (): number => Date.now();
  const done = await changeOutbox(place, logger, async (outbox) => {
    if (ids === undefined) return { redelivered: await redeliverAll(outbox, { now }), missing: [] };
    const missing = ids.filter((id) => outbox.redeliver(id, now()) === 0);
    return { redelivered: ids.length - missing.length, missing };
  });
  const { redelivered, missing } = done;
  output.result(done, `${String(redelivered)} ${redelivered === 1 ? 'is' : 'are'} pending again.`);
  for (const id of missing) output.note(`${id} is not among the dead letters of ${place.directory}.`);
  return missing.length === 0 ? 'done' : 'failed';
}
