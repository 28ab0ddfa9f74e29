import type { Command } from 'commander';
import type { DeadLetter, PendingNotification } from '../outbox/outbox.js';
import { durationText } from '../core/duration-text.js';
import type { CliContext } from './cli-context.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { wholeNumberFrom } from './option-values.js';
import { deadIn, pendingIn } from './outbox-pages.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { deadRecord, instantText, pendingRecord } from './outbox-record.js';
import { textTable } from './text-table.js';
import { readOutbox } from './use-outbox.js';

interface ListOptions extends CommonOptions, OutboxOptions {
  readonly dead?: true;
  readonly search?: string;
  readonly limit: number;
}

const maxLimit = 10_000;

export function addListCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('list')
    .description('lists what is pending, oldest first, or with --dead the dead letters, newest first')
    .option('--dead', 'the dead letters')
    .option('--search <text>', 'only those with this text in id, type or lane; of dead letters also in the reason')
    .option('--limit <count>', 'at most so many', wholeNumberFrom(1, maxLimit), 50)
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox list
  $ crm-notifier outbox list --dead --search 422 --limit 10
  $ crm-notifier outbox list --dead --json | jq -r .id`,
    );
  setAction<ListOptions>(addOutboxOption(command), context, list);
}

async function list({ context, options, output }: CommandSession<ListOptions>): Promise<'done'> {
  const { dead: isDead = false, search, limit } = options;
  await readOutbox(findOutbox(options, context), (outbox) => {
    // One more than is shown, to know whether there are more.
    const found = isDead
      ? first(deadIn(outbox, search), limit + 1).map((letter) => ({ record: deadRecord(letter), row: deadRow(letter) }))
      : first(pendingIn(outbox, search), limit + 1).map((pending) => ({
          record: pendingRecord(pending),
          row: pendingRow(pending),
        }));
    const shown = found.slice(0, limit);
    const heads = isDead ? deadHeads : pendingHeads;
    if (output.isJson) for (const { record } of shown) output.result(record, '');
    else if (shown.length > 0)
      output.result(
        {},
        textTable(
          heads,
          shown.map(({ row }) => row),
        ),
      );
    else output.note(`Nothing is ${isDead ? 'dead' : 'pending'}${search === undefined ? '' : ' that is like this'}.`);
    if (found.length > limit) output.note(`There are more than these ${String(limit)}; see --limit and --search.`);
  });
  return 'done';
}

const pendingHeads = ['ID', 'TYPE', 'LANE', 'ATTEMPTS', 'ACCEPTED', 'NEXT ATTEMPT'];

function pendingRow({ id, type, lane, attempts, acceptedAt, nextAttemptAt }: PendingNotification): string[] {
  const now = Date.now();
  const next = nextAttemptAt > now ? `in ${durationText(nextAttemptAt - now)}` : 'due';
  return [id, type, lane, String(attempts), `${durationText(now - acceptedAt)} ago`, next];
}

const deadHeads = ['ID', 'TYPE', 'LANE', 'ATTEMPTS', 'DIED', 'REASON'];

function deadRow({ id, type, lane, attempts, diedAt, reason }: DeadLetter): string[] {
  const why = [reason.kind, reason.status, reason.detail].filter((part) => part !== undefined && part !== '');
  return [id, type, lane, String(attempts), instantText(diedAt), why.join(' ')];
}

function first<Value>(values: Iterable<Value>, count: number): Value[] {
  const taken: Value[] = [];
  for (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}
