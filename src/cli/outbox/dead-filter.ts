import { InvalidArgumentError, type Command } from 'commander';
import { deadReasons, type DeadFilter, type DeadReason } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { UsageFailure } from '../command.js';

/** Which dead letters a command is for; `list` and `export` take the first four for pending notifications as well. */
export interface DeadFilterOptions {
  readonly search?: string;
  readonly target?: string;
  readonly type?: string;
  readonly lane?: string;
  readonly reason?: DeadReason['kind'];
  readonly status?: number;
}

export function addDeadFilter(command: Command): Command {
  return command
    .option('--search <text>', 'only those with this text in id, type or lane; of dead letters also in the reason')
    .option('--target <name>', 'only those for this target')
    .option('--type <type>', 'only those of exactly this type')
    .option('--lane <lane>', 'only those of exactly this lane, such as booking:456')
    .option('--status <status>', 'only dead letters with this HTTP status; 0 for none', wholeNumberFrom(0, 999))
    .option('--reason <kind>', `only dead letters with this reason: ${deadReasons.join(', ')}`, parseReason);
}

/** The filter of the options, with only what is given; undefined if they select all. */
export function deadFilterOf(options: DeadFilterOptions): DeadFilter | undefined {
  const { search, target, type, lane, reason, status } = options;
  const filter = { search, target, type, lane, reason, status };
  const given = Object.entries(filter).filter(([, wanted]) => wanted !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** ` with type "booking_created", status "422"`; empty without a filter. */
export function filterText(filter: DeadFilter | undefined): string {
  const parts = Object.entries(filter ?? {}).map(([name, wanted]) => `${name} "${String(wanted)}"`);
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}

/** Throws `UsageFailure` for a choice that only dead letters have. */
export function refuseWithoutDead({ dead, reason, status }: DeadFilterOptions & { readonly dead?: true }): void {
  if (dead !== true && (reason !== undefined || status !== undefined))
    throw new UsageFailure('--reason and --status need --dead');
}

function parseReason(text: string): DeadReason['kind'] {
  const found = deadReasons.find((reason) => reason === text);
  if (found === undefined) throw new InvalidArgumentError(`Give one of ${deadReasons.join(', ')}.`);
  return found;
}
