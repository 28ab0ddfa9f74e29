import { Option, type Command } from 'commander';
import { durationText } from '../../core/duration-text.js';
import { instantText } from '../../core/instant-text.js';
import type { DeliveredNotification } from '../../history/history.js';
import { deadRecord, pendingRecord } from '../../outbox/list-record.js';
import { crmTarget, nextAttemptOf, type DeadLetter, type PendingEntry } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { textTable } from '../output.js';
import {
  addListFilter,
  deadFilterOf,
  deliveredFilterOf,
  pendingFilterOf,
  refuseOfOtherKind,
  type ListFilterOptions,
} from './dead-filter.js';
import { unknownTargetText } from './hand-pauses.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { shortIds } from './short-ids.js';
import { deadIn } from './stored-records.js';

interface ListOptions extends CommonOptions, OutboxOptions, ListFilterOptions {
  readonly delivered?: true;
  readonly limit: number;
}

const maxLimit = 10_000;

export function addListCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('list')
    .description('list pending notifications, oldest first, or dead letters or delivered ones, newest first')
    .option('--limit <count>', 'list at most this many', wholeNumberFrom(1, maxLimit), 50)
    .addHelpText(
      'after',
      `
The ids are shortened to their last part; the other commands take them so. --json prints them whole. NEXT ATTEMPT names what the
next attempt waits for: the one before it in its lane, the end of a pause, or an instant. With --delivered, --from and --to are about
the delivery.

Examples:
  $ crm-notifier outbox list
  $ crm-notifier outbox list --pending --attempts some
  $ crm-notifier outbox list --dead --search 422 --limit 10
  $ crm-notifier outbox list --delivered --lane booking:456
  $ crm-notifier outbox list --target sales --type booking_created
  $ crm-notifier outbox list --dead --json | jq -r .id`,
    );
  addListFilter(command).addOption(
    new Option('--delivered', 'the delivered ones that are kept').conflicts(['pending', 'dead']),
  );
  setAction<ListOptions>(addOutboxOption(command), context, list);
}

async function list({ context, options, output }: CommandSession<ListOptions>): Promise<'done'> {
  const { limit } = options;
  refuseOfOtherKind(options);
  const place = findOutbox(options, context);
  const { header, words, filter, read } = kindOf(options);
  // One more than is shown, to know whether there are more.
  const { found, unknown } = await readOutbox(place, async (outbox) => {
    const entries = await read(outbox, limit + 1);
    return { found: entries, unknown: entries.length === 0 ? await unknownTargetText(outbox, options.target) : '' };
  });
  const shown = found.slice(0, limit);
  if (output.isJson) for (const { record } of shown) output.result(record, '');
  else if (shown.length > 0) output.result({}, tableOf(shown, header));
  if (shown.length === 0 && (unknown !== '' || !output.isJson))
    output.note(`No ${words}${filter === undefined ? '' : ' match this'}.${unknown}`);
  if (found.length > limit)
    output.note(`There are more than these ${String(limit)}; see --limit, --search and the other options.`);
  return 'done';
}

/** What a list is of. */
interface ListKind {
  readonly header: readonly string[];
  readonly words: string;
  /** Undefined if it selects all. */
  readonly filter: object | undefined;
  readonly read: (outbox: ReadableOutbox, limit: number) => Promise<readonly Listed[]>;
}

function kindOf(options: ListOptions): ListKind {
  if (options.dead === true) {
    const filter = deadFilterOf(options);
    const read = (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> =>
      first(limit, deadIn(outbox, filter), (letter) => ({
        stored: letter,
        record: deadRecord(letter),
        row: deadRow(letter),
      }));
    return { header: deadHeader, words: 'dead letters', filter, read };
  }
  if (options.delivered === true) {
    const filter = deliveredFilterOf(options);
    const read = async (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> =>
      (await outbox.listDelivered({ ...filter, limit })).map((delivered) => ({
        stored: delivered,
        record: deliveredRecord(delivered),
        row: deliveredRow(delivered),
      }));
    return { header: deliveredHeader, words: 'delivered notifications', filter, read };
  }
  const filter = pendingFilterOf(options);
  const read = async (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> => {
    const now = await outbox.now();
    const paused = await pausedTargets(outbox);
    const entries = await outbox.listPending({ ...filter, limit });
    return entries.map((entry) => ({
      stored: entry,
      record: pendingRecord(entry),
      row: pendingRow(entry, now, paused.has(entry.target)),
    }));
  };
  return { header: pendingHeader, words: 'pending notifications', filter, read };
}

/** Something that a list shows. */
interface Listed {
  readonly stored: Pick<PendingEntry, 'id' | 'target'>;
  /** What `--json` prints. */
  readonly record: object;
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

const deliveredHeader = ['TYPE', 'LANE', 'ATTEMPTS', 'DELIVERED', 'STATUS', 'TOOK'];

function deliveredRow({ type, lane, attempts, deliveredAt, status, durationMs }: DeliveredNotification): string[] {
  return [type, lane, String(attempts), instantText(deliveredAt), String(status), durationText(durationMs)];
}

function deliveredRecord({
  position: _position,
  acceptedAt,
  deliveredAt,
  ...delivered
}: DeliveredNotification): object {
  const instants = { acceptedAt: instantText(acceptedAt), deliveredAt: instantText(deliveredAt) };
  return { state: 'delivered', ...delivered, ...instants };
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
