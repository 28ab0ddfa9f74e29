import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { countText } from '../../core/duration-text.js';
import type { RecordedChanges } from '../../history/record-changes.js';
import type { AllDeadLetters } from '../../outbox/outbox-access.js';
import { parseNotificationIds } from '../arguments.js';
import {
  Interrupted,
  interruptible,
  setAction,
  UsageFailure,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from '../command.js';
import { addDeadFilter, deadFilterOf, filterText, type DeadFilterOptions } from './dead-filter.js';
import { changeOutbox, readOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions, type OutboxPlace } from './outbox-place.js';
import { completeIds } from './short-ids.js';
import { countDead } from './stored-records.js';

/** Which dead letters: some, by id, or all that match. */
interface SelectionOptions extends CommonOptions, OutboxOptions, DeadFilterOptions {
  readonly all?: true;
  readonly yes?: true;
}

export function addRedeliverCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('redeliver')
    .description('make dead letters pending again: same id, same bytes, at the end of their lane')
    .addHelpText(
      'after',
      `
A running app delivers them at once; without one, run crm-notifier deliver. --all asks for confirmation on a terminal and
needs --yes elsewhere.

Examples:
  $ crm-notifier outbox redeliver 33f9f0e71da1
  $ crm-notifier outbox redeliver --all --yes
  $ crm-notifier outbox redeliver --all --search 422 --yes
  $ crm-notifier outbox redeliver --all --target sales --yes`,
    );
  setAction<SelectionOptions>(addSelection(command), context, redeliver);
}

function redeliver(session: CommandSession<SelectionOptions>, args: readonly unknown[]): Promise<'done' | 'failed'> {
  return changeSelected(session, args, {
    verb: 'Redeliver',
    past: 'redelivered',
    all: (outbox, which, onPiece) => outbox.redeliverAll({ ...which, by }, onPiece),
    one: (outbox, id, target) => outbox.redeliver(id, target, by),
    report: (count) => `${countText(count, 'dead letter')} ${count === 1 ? 'is' : 'are'} pending again.`,
  });
}

export function addDiscardCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('discard')
    .description('remove dead letters permanently; they are never delivered')
    .addHelpText(
      'after',
      `
--all asks for confirmation on a terminal and needs --yes elsewhere.

Examples:
  $ crm-notifier outbox discard 33f9f0e71da1
  $ crm-notifier outbox discard --all --search booking_created --yes`,
    );
  setAction<SelectionOptions>(addSelection(command), context, discard);
}

function discard(session: CommandSession<SelectionOptions>, args: readonly unknown[]): Promise<'done' | 'failed'> {
  return changeSelected(session, args, {
    verb: 'Permanently discard',
    past: 'discarded',
    all: (outbox, which, onPiece) => outbox.discardAll({ ...which, by }, onPiece),
    one: (outbox, id, target) => outbox.discard(id, target, by),
    report: (count) => `Discarded ${countText(count, 'dead letter')}.`,
  });
}

/** Who asks for a change, as the timelines show it. */
const by = 'the command line';

/** A change of dead letters, and the words for it. */
interface DeadLetterChange {
  /** Begins the question that asks for confirmation. */
  readonly verb: string;
  /** Names the count in the JSON that is printed. */
  readonly past: string;
  /** This and the next return how many were changed. */
  readonly all: (outbox: RecordedChanges, which: AllDeadLetters, onPiece: () => boolean) => Promise<number>;
  readonly one: (outbox: RecordedChanges, id: string, target: string | undefined) => Promise<number>;
  readonly report: (count: number) => string;
}

/** Changes the dead letters that are selected, and prints how many there were and which ids were none. */
async function changeSelected(
  { context, options, output, logger }: CommandSession<SelectionOptions>,
  args: readonly unknown[],
  { verb, past, all, one, report }: DeadLetterChange,
): Promise<'done' | 'failed'> {
  const ids = selectedIds(options, args);
  const { stop } = context;
  const { target } = options;
  const filter = deadFilterOf(options);
  const place = findOutbox(options, context);
  if (ids === undefined && !(await areAllConfirmed(verb, place, options, context))) {
    output.note(`Nothing was ${past}.`);
    return 'failed';
  }
  const whole = ids === undefined ? undefined : await completeIds(ids, place);
  const { count, missing } = await changeOutbox(place, logger, async (outbox) => {
    if (whole === undefined) {
      return { count: await all(outbox, filter ?? {}, () => !stop.aborted), missing: [] };
    }
    const notFound: string[] = [];
    for (const id of whole) if ((await one(outbox, id, target)) === 0) notFound.push(id);
    return { count: whole.length - notFound.length, missing: notFound };
  });
  if (stop.aborted) {
    output.note(report(count));
    throw new Interrupted();
  }
  output.result({ [past]: count, missing }, report(count));
  for (const id of missing)
    output.note(`${id} is not a dead letter${target === undefined ? '' : ` for ${target}`} in ${place.name}.`);
  return missing.length === 0 ? 'done' : 'failed';
}

function addSelection(command: Command): Command {
  return addOutboxOption(
    addDeadFilter(
      command
        .argument('[ids...]', 'their ids; the beginning or end of each is enough', parseNotificationIds)
        .option('--all', 'every dead letter, or those that match the options below')
        .option('--yes', 'with --all: do not ask for confirmation'),
    ),
  );
}

/** Returns the given ids, or undefined for all. Throws `UsageFailure` for neither or both. */
function selectedIds(options: SelectionOptions, [ids]: readonly unknown[]): readonly string[] | undefined {
  const { all, target: _target, ...others } = options;
  const given = (ids ?? []) as readonly string[];
  if (all === true && given.length > 0) throw new UsageFailure('give ids or --all, not both');
  const [filtered] = Object.keys(deadFilterOf(others) ?? {});
  if (all !== true && filtered !== undefined) throw new UsageFailure(`--${filtered} needs --all`);
  if (all !== true && given.length === 0) throw new UsageFailure('give the ids of dead letters, or --all');
  return all === true ? undefined : given;
}

/** Asks whether to change every dead letter that is selected, if there are any. */
async function areAllConfirmed(
  verb: string,
  place: OutboxPlace,
  options: SelectionOptions,
  context: CliContext,
): Promise<boolean> {
  const filter = deadFilterOf(options);
  const count = await readOutbox(place, (outbox) => countDead(outbox, filter));
  const matching = filterText(filter);
  const all = count === 1 ? '1 dead letter' : `all ${String(count)} dead letters`;
  const question = `${verb} ${all} in ${place.name}${matching}?`;
  return count === 0 || isConfirmed(question, options, context);
}

/** Asks for confirmation on a terminal. Throws `UsageFailure` elsewhere, unless `--yes` is given. */
async function isConfirmed(question: string, { yes }: SelectionOptions, context: CliContext): Promise<boolean> {
  if (yes === true) return true;
  const { stdin, stderr, stop } = context;
  if (stdin.isTTY !== true || stderr.isTTY !== true) throw new UsageFailure(`${question} Confirm with --yes`);
  const prompt = createInterface({ input: stdin, output: stderr });
  try {
    // The end of the input means no, but a line typed right before it counts.
    const ended = once(prompt, 'close').then(() => setImmediate(''));
    const reply = await interruptible(Promise.race([prompt.question(`${question} [y/N] `), ended]), stop);
    return /^y(es)?$/i.test(reply.trim());
  } finally {
    prompt.close();
  }
}
