import type { Command } from 'commander';
import { durationText } from '../../core/duration-text.js';
import { crmTarget, type DeadLetter, type PendingNotification } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { textTable } from '../output.js';
import { addDeadFilter, deadFilterOf, refuseWithoutDead, type DeadFilterOptions } from './dead-filter.js';
import { readOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { shortIds } from './short-ids.js';
import { deadIn, deadRecord, instantText, pendingIn, pendingRecord } from './stored-records.js';

interface ListOptions extends CommonOptions, OutboxOptions, DeadFilterOptions {
  readonly dead?: true;
  readonly limit: number;
}

const maxLimit = 10_000;

export function addListCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('list')
    .description('list pending notifications, oldest first, or with --dead the dead letters, newest first')
    .option('--dead', 'list the dead letters')
    .option('--limit <count>', 'list at most this many', wholeNumberFrom(1, maxLimit), 50)
    .addHelpText(
      'after',
      `
The ids are shortened to their last part; the other commands take them so. --json prints them whole.

Examples:
  $ crm-notifier outbox list
  $ crm-notifier outbox list --dead --search 422 --limit 10
  $ crm-notifier outbox list --target sales --type booking_created
  $ crm-notifier outbox list --dead --json | jq -r .id`,
    );
  setAction<ListOptions>(addOutboxOption(addDeadFilter(command)), context, list);
}

async function list({ context, options, output }: CommandSession<ListOptions>): Promise<'done'> {
  const { dead: isDead = false, limit } = options;
  const filter = deadFilterOf(options);
  refuseWithoutDead(options);
  // One more than is shown, to know whether there are more.
  const found = await readOutbox(findOutbox(options, context), async (outbox) => {
    if (isDead) {
      return first(limit + 1, deadIn(outbox, filter), (letter) => ({
        stored: letter,
        record: deadRecord(letter),
        row: deadRow(letter),
      }));
    }
    const now = await outbox.now();
    return first(limit + 1, pendingIn(outbox, filter), (pending) => ({
      stored: pending,
      record: pendingRecord(pending),
      row: pendingRow(pending, now),
    }));
  });
  const shown = found.slice(0, limit);
  if (output.isJson) for (const { record } of shown) output.result(record, '');
  else if (shown.length > 0) {
    output.result({}, tableOf(shown, isDead ? deadHeader : pendingHeader));
  } else {
    output.note(`No ${isDead ? 'dead letters' : 'pending notifications'}${filter === undefined ? '' : ' match this'}.`);
  }
  if (found.length > limit)
    output.note(`There are more than these ${String(limit)}; see --limit, --search and the other options.`);
  return 'done';
}

interface Listed {
  readonly stored: Pick<PendingNotification, 'id' | 'target'>;
  /** Without id and target, as the headers. */
  readonly row: readonly string[];
}

/** Names the targets if there is another than the usual one. */
function tableOf(listed: readonly Listed[], header: readonly string[]): string {
  const ids = shortIds(listed.map(({ stored }) => stored.id));
  const hasTargets = listed.some(({ stored }) => stored.target !== crmTarget);
  const rows = listed.map(({ stored, row }, index) => [
    ids[index] ?? '',
    ...(hasTargets ? [stored.target] : []),
    ...row,
  ]);
  return textTable(['ID', ...(hasTargets ? ['TARGET'] : []), ...header], rows);
}

const pendingHeader = ['TYPE', 'LANE', 'ATTEMPTS', 'ACCEPTED', 'NEXT ATTEMPT'];

function pendingRow({ type, lane, attempts, acceptedAt, nextAttemptAt }: PendingNotification, now: number): string[] {
  const next = nextAttemptAt > now ? `in ${durationText(nextAttemptAt - now)}` : 'due';
  return [type, lane, String(attempts), `${durationText(now - acceptedAt)} ago`, next];
}

const deadHeader = ['TYPE', 'LANE', 'ATTEMPTS', 'DIED', 'REASON'];

function deadRow({ type, lane, attempts, diedAt, reason }: DeadLetter): string[] {
  const why = [reason.kind, reason.status, reason.detail].filter((part) => part !== undefined && part !== '');
  return [type, lane, String(attempts), instantText(diedAt), why.join(' ')];
}

/** Converts the first `count` values and reads no further. */
async function first<From, To>(
  count: number,
  values: AsyncIterable<From>,
  convert: (value: From) => To,
): Promise<To[]> {
  const converted: To[] = [];
  for await (const value of values) {
    converted.push(convert(value));
    if (converted.length === count) break;
  }
  return converted;
}
