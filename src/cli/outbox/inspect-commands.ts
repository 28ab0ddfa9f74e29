import type { Command } from 'commander';
import { durationText } from '../../core/duration-text.js';
import { instantText } from '../../core/instant-text.js';
import { deadRecord, pendingRecord } from '../../outbox/list-record.js';
import { crmTarget, nextAttemptOf, type DeadLetter, type PendingEntry } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { textTable } from '../output.js';
import {
  addListFilter,
  deadFilterOf,
  pendingFilterOf,
  refuseOfOtherKind,
  type ListFilterOptions,
} from './dead-filter.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { shortIds } from './short-ids.js';
import { deadIn } from './stored-records.js';

interface ListOptions extends CommonOptions, OutboxOptions, ListFilterOptions {
  readonly limit: number;
}

const maxLimit = 10_000;

export function addListCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('list')
    .description('list pending notifications, oldest first, or with --dead the dead letters, newest first')
    .option('--limit <count>', 'list at most this many', wholeNumberFrom(1, maxLimit), 50)
    .addHelpText(
      'after',
      `
The ids are shortened to their last part; the other commands take them so. --json prints them whole. NEXT ATTEMPT names what the
next attempt waits for: the one before it in its lane, the end of a pause, or an instant.

Examples:
  $ crm-notifier outbox list
  $ crm-notifier outbox list --pending --attempts some
  $ crm-notifier outbox list --dead --search 422 --limit 10
  $ crm-notifier outbox list --target sales --type booking_created
  $ crm-notifier outbox list --dead --json | jq -r .id`,
    );
  setAction<ListOptions>(addOutboxOption(addListFilter(command)), context, list);
}

async function list({ context, options, output }: CommandSession<ListOptions>): Promise<'done'> {
  const { dead: isDead = false, limit } = options;
  refuseOfOtherKind(options);
  const filter = isDead ? deadFilterOf(options) : pendingFilterOf(options);
  // One more than is shown, to know whether there are more.
  const found = await readOutbox(findOutbox(options, context), async (outbox) => {
    if (isDead) {
      return first(limit + 1, deadIn(outbox, deadFilterOf(options)), (letter) => ({
        stored: letter,
        record: deadRecord(letter),
        row: deadRow(letter),
      }));
    }
    const now = await outbox.now();
    const paused = await pausedTargets(outbox);
    const entries = await outbox.listPending({ ...pendingFilterOf(options), limit: limit + 1 });
    return entries.map((entry) => ({
      stored: entry,
      record: pendingRecord(entry),
      row: pendingRow(entry, now, paused.has(entry.target)),
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
  readonly stored: Pick<PendingEntry, 'id' | 'target'>;
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

function pendingRow(entry: PendingEntry, now: number, isPaused: boolean): string[] {
  const { type, lane, attempts, acceptedAt, nextAttemptAt } = entry;
  const words = {
    lane: 'after the one before it in its lane',
    pause: 'when delivery goes on',
    instant: `in ${durationText(nextAttemptAt - now)}`,
    nothing: 'due',
  };
  const next = words[nextAttemptOf(entry, now, isPaused)];
  return [type, lane, String(attempts), `${durationText(now - acceptedAt)} ago`, next];
}

/** The targets that the leader has paused delivery to. */
async function pausedTargets(outbox: ReadableOutbox): Promise<ReadonlySet<string>> {
  const leader = (await outbox.processes()).find(({ isLeader }) => isLeader);
  const targets = Object.entries(leader?.targets ?? {});
  return new Set(
    targets.filter(([, { circuit, pause }]) => circuit !== 'closed' || pause !== null).map(([name]) => name),
  );
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
