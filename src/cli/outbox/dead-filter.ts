import { InvalidArgumentError, Option, type Command } from 'commander';
import { instantText } from '../../core/instant-text.js';
import type { DeliveredFilter } from '../../history/history.js';
import { deadReasons, type DeadFilter, type DeadReason, type PendingFilter } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { UsageFailure } from '../command.js';

/** Which dead letters a command is for. */
export interface DeadFilterOptions {
  readonly search?: string;
  readonly target?: string;
  readonly type?: string;
  readonly lane?: string;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: DeadReason['kind'];
  readonly status?: number;
}

export function addDeadFilter(command: Command): Command {
  return command
    .option('--search <text>', 'only those with this text in id, type or lane; of dead letters also in the reason')
    .option('--target <name>', 'only those for this target')
    .option('--type <type>', 'only those of exactly this type')
    .option('--lane <lane>', 'only those of exactly this lane, such as booking:456')
    .option(
      '--from <instant>',
      'only those that died then or later; or were accepted, if pending; or delivered',
      parseInstant,
    )
    .option(
      '--to <instant>',
      'only those that died before then; or were accepted, if pending; or delivered',
      parseInstant,
    )
    .option('--status <status>', 'only dead letters with this HTTP status; 0 for none', wholeNumberFrom(0, 999))
    .option('--reason <kind>', `only dead letters with this reason: ${deadReasons.join(', ')}`, parseReason);
}

/** The filter of the options, with only what is given; undefined if they select all. */
export function deadFilterOf(options: DeadFilterOptions): DeadFilter | undefined {
  const { search, target, type, lane, from, to, reason, status } = options;
  return onlyGiven({ search, target, type, lane, from, to, reason, status });
}

/** Which notifications a command is for that takes pending ones as well as dead letters and delivered ones. */
export interface ListFilterOptions extends DeadFilterOptions {
  readonly pending?: true;
  readonly dead?: true;
  readonly delivered?: true;
  readonly attempts?: PendingFilter['attempts'];
}

export function addListFilter(command: Command): Command {
  return addDeadFilter(
    command
      .addOption(new Option('--pending', 'the pending notifications, which is the default').conflicts('dead'))
      .option('--dead', 'the dead letters')
      .addOption(new Option('--delivered', 'the delivered ones that are kept').conflicts(['pending', 'dead'])),
  ).addOption(
    new Option('--attempts <which>', 'only pending notifications with no attempt yet, or with some').choices([
      'none',
      'some',
    ]),
  );
}

/** The filter for pending notifications, with only what is given; undefined if it selects all. */
export function pendingFilterOf(options: ListFilterOptions): PendingFilter | undefined {
  const { search, target, type, lane, from, to, attempts } = options;
  return onlyGiven({ search, target, type, lane, from, to, attempts });
}

/** The same for delivered ones that are kept. */
export function deliveredFilterOf(options: ListFilterOptions): DeliveredFilter | undefined {
  const { search, target, type, lane, from, to } = options;
  return onlyGiven({ search, target, type, lane, from, to });
}

function onlyGiven<Filter extends object>(filter: Filter): Partial<Filter> | undefined {
  const given = Object.entries(filter).filter(([, wanted]) => wanted !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as Partial<Filter>);
}

/** ` with type "booking_created", status "422"`; empty without a filter. */
export function filterText(filter: DeadFilter | undefined): string {
  const parts = Object.entries(filter ?? {}).map(
    ([name, wanted]) => `${name} "${name === 'from' || name === 'to' ? instantText(Number(wanted)) : String(wanted)}"`,
  );
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}

/** Throws `UsageFailure` for a choice that only dead letters have, or only pending notifications. */
export function refuseOfOtherKind(options: ListFilterOptions): void {
  const { dead, delivered, reason, status, attempts } = options;
  if (dead !== true && (reason !== undefined || status !== undefined))
    throw new UsageFailure('--reason and --status need --dead');
  if ((dead ?? delivered) === true && attempts !== undefined)
    throw new UsageFailure('--attempts is for pending notifications');
}

/** In milliseconds since 1970. */
function parseInstant(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at) || !/^\d{4}-/.test(text))
    throw new InvalidArgumentError('Give an instant such as 2026-11-24T01:02:03Z.');
  return at;
}

function parseReason(text: string): DeadReason['kind'] {
  const found = deadReasons.find((reason) => reason === text);
  if (found === undefined) throw new InvalidArgumentError(`Give one of ${deadReasons.join(', ')}.`);
  return found;
}
