import type { Command } from 'commander';
import type { Outbox } from '../outbox/outbox.js';
import { addChoice, chosenIds, type ChoiceOptions } from './chosen-dead.js';
import type { CliContext } from './cli-context.js';
import { UsageFailure } from './cli-failure.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { isConfirmed } from './confirm.js';
import { deadIn } from './outbox-pages.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { changeOutbox, readOutbox } from './use-outbox.js';

interface DiscardOptions extends CommonOptions, OutboxOptions, ChoiceOptions {
  readonly search?: string;
}

export function addDiscardCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('discard')
    .description('removes dead letters for good; the CRM will never hear of them')
    .option('--search <text>', 'with --all: only those with this text in id, type, lane or reason')
    .addHelpText(
      'after',
      `
--all asks on a terminal and wants --yes elsewhere.

Examples:
  $ crm-notifier outbox discard 01a20bb3-6f81-71fc-be53-33f9f0e71da1
  $ crm-notifier outbox discard --all --search booking_created --yes`,
    );
  setAction<DiscardOptions>(addOutboxOption(addChoice(command)), context, discard);
}

async function discard(
  { context, options, output, logger }: CommandSession<DiscardOptions>,
  args: readonly unknown[],
): Promise<'done' | 'failed'> {
  const { search } = options;
  const ids = chosenIds(options, args);
  if (ids !== undefined && search !== undefined) throw new UsageFailure('--search goes with --all');
  const place = findOutbox(options, context);
  if (ids === undefined) {
    const count = await readOutbox(place, (outbox) => [...deadIn(outbox, search)].length);
    const like = search === undefined ? '' : ` that are like "${search}"`;
    const question = `Discard ${String(count)} dead letters of ${place.directory}${like} for good?`;
    if (count > 0 && !(await isConfirmed(question, options.yes ?? false, context))) {
      output.note('Nothing was discarded.');
      return 'failed';
    }
  }
  const done = await changeOutbox(place, logger, (outbox) => {
    const missing: string[] = [];
    let discarded = 0;
    for (const id of ids ?? idsOf(outbox, search)) {
      if (outbox.discard(id)) discarded += 1;
      else if (ids !== undefined) missing.push(id);
    }
    return { discarded, missing };
  });
  output.result(done, `${String(done.discarded)} ${done.discarded === 1 ? 'is' : 'are'} gone for good.`);
  for (const id of done.missing) output.note(`${id} is not among the dead letters of ${place.directory}.`);
  return done.missing.length === 0 ? 'done' : 'failed';
}

function idsOf(outbox: Pick<Outbox, 'listDead'>, search: string | undefined): string[] {
  return [...deadIn(outbox, search)].map(({ id }) => id);
}
