import { InvalidArgumentError, type Command } from 'commander';
import { pausedByHand } from '../../history/paused-by-hand.js';
import { isName } from '../../notifier/pause-change.js';
import { CliFailure, setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText } from '../output.js';
import { changePause } from './change-pause.js';
import { knownTargets } from './hand-pauses.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';

interface PauseOptions extends CommonOptions, OutboxOptions {
  readonly target?: string;
  readonly by?: string;
}

export function addPauseCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('pause')
    .description(
      'pause delivery to a target, or to all, until somebody resumes it; notifications are accepted and wait',
    )
    .addHelpText(
      'after',
      `
Whichever process delivers stops within two seconds; attempts under way end. It outlives restarts. If no process runs, the
next one that delivers obeys it.

Examples:
  $ crm-notifier outbox pause --by ada
  $ crm-notifier outbox pause --target sales`,
    );
  setAction<PauseOptions>(addPauseOptions(command), context, (session) => change(session, true));
}

export function addResumeCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('resume')
    .description('resume delivery to a target, or to all, that was paused by hand')
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox resume --by ada
  $ crm-notifier outbox resume --target sales`,
    );
  setAction<PauseOptions>(addPauseOptions(command), context, (session) => change(session, false));
}

function addPauseOptions(command: Command): Command {
  return addOutboxOption(
    command
      .option('--target <name>', 'only this target (default: all, also those that are configured later)')
      .option('--by <who>', 'who does this, for those who see the pause', parseName),
  );
}

async function change(
  { context, options, output }: CommandSession<PauseOptions>,
  isPaused: boolean,
): Promise<'done' | 'failed'> {
  const { target = null, by = null } = options;
  const place = findOutbox(options, context);
  if (target !== null) await readOutbox(place, (outbox) => requireTarget(outbox, target, place.name));
  const { changes, hasChanged } = await changePause(place, { target, isPaused, by });
  const pausedBy = (target === null ? null : pausedByHand(changes, target))?.by ?? null;
  const to = target === null ? 'all targets' : safeText(target);
  const result = isPaused ? 'paused' : 'resumed';
  const already = isPaused
    ? `was paused already${pausedBy === null ? '' : `, by ${safeText(pausedBy)}`}`
    : 'was not paused';
  output.result({ target, [result]: hasChanged }, `Delivery to ${to} ${hasChanged ? `is ${result}` : already}.`);
  return 'done';
}

/** A name that is mistyped would pause nothing. */
async function requireTarget(outbox: ReadableOutbox, target: string, place: string): Promise<void> {
  const known = await knownTargets(outbox);
  if (known.includes(target)) return;
  const fix =
    known.length === 0
      ? 'None is known before an app has used it; without --target all are meant'
      : `Those known are ${known.map((name) => safeText(name)).join(', ')}`;
  throw new CliFailure(`${place} has no target ${safeText(target, 64)}. ${fix}`, 'ERR_UNKNOWN_TARGET');
}

function parseName(text: string): string {
  if (!isName(text)) throw new InvalidArgumentError('Give 1 to 200 characters in one line.');
  return text;
}
