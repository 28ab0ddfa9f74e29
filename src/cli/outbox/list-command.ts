import type { Command } from 'commander';
import { durationText, exactDurationText } from '../../core/duration-text.js';
import { instantText } from '../../core/instant-text.js';
import { deliveredRecord } from '../../history/delivered-record.js';
import type { DeliveredNotification } from '../../history/history.js';
import { deadRecord, pendingRecord } from '../../outbox/list-record.js';
import { crmTarget, nextAttemptOf, type DeadLetter, type PendingEntry } from '../../outbox/outbox.js';
import { wholeNumberFrom } from '../arguments.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText, textTable } from '../output.js';
import {
  addListFilter,
  deadFilterOf,
  deliveredFilterOf,
  pendingFilterOf,
  refuseOfOtherKind,
  type ListFilterOptions,
} from './dead-filter.js';
import { readDeliveryState, type DeliveryState } from './delivery-state.js';
import { unknownTargetText } from './hand-pauses.js';
import { cursorText, parseCursor, placeIn, type ListCursor, type ListedKind } from './list-cursor.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { reasonText } from './reason-text.js';
import { shortIds } from './short-ids.js';
import { deadIn } from './stored-records.js';

interface ListOptions extends CommonOptions, OutboxOptions, ListFilterOptions {
  readonly limit: number;
  readonly after?: ListCursor;
}

const maxLimit = 10_000;

export function addListCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('list')
    .description('list pending notifications, oldest first, or dead letters or delivered ones, newest first')
    .option('--limit <count>', 'list at most this many', wholeNumberFrom(1, maxLimit), 50)
    .option('--after <cursor>', 'list those after this place, as the last line of a list names it', parseCursor)
    .addHelpText(
      'after',
      `
The ids are shortened to their last part; the other commands take them so. --json prints them whole. NEXT ATTEMPT names what the
next attempt waits for: the one before it in its lane, the end of a pause, an instant, or a process that delivers to its target.
With --delivered, --from and --to are about the delivery. If there are more than are listed, the last line says how to list the next; with --json each has a cursor for --after.

Examples:
  $ crm-notifier outbox list
  $ crm-notifier outbox list --pending --attempts some
  $ crm-notifier outbox list --dead --search 422 --limit 10
  $ crm-notifier outbox list --dead --after dead:4711
  $ crm-notifier outbox list --delivered --lane booking:456
  $ crm-notifier outbox list --target sales --type booking_created
  $ crm-notifier outbox list --dead --json | jq -r .id`,
    );
  setAction<ListOptions>(addOutboxOption(addListFilter(command)), context, list);
}

async function list({ context, options, output }: CommandSession<ListOptions>): Promise<'done'> {
  const { limit } = options;
  refuseOfOtherKind(options);
  const place = findOutbox(options, context);
  const { kind, header, words, filter, read } = kindOf(options);
  // One more than is shown, to know whether there are more.
  const { found, unknown } = await readOutbox(place, async (outbox) => {
    const entries = await read(outbox, limit + 1);
    return { found: entries, unknown: entries.length === 0 ? await unknownTargetText(outbox, options.target) : '' };
  });
  const shown = found.slice(0, limit);
  const cursorOf = ({ at }: Listed): string => cursorText({ kind, place: at });
  if (output.isJson) for (const listed of shown) output.result({ ...listed.record, cursor: cursorOf(listed) }, '');
  else if (shown.length > 0) output.result({}, tableOf(shown, header));
  if (shown.length === 0 && (unknown !== '' || !output.isJson))
    output.note(
      `No ${options.after === undefined ? '' : 'more '}${words}${filter === undefined ? '' : ' match this'}.${unknown}`,
    );
  const last = shown.at(-1);
  if (found.length > limit && last !== undefined)
    output.note(
      `There are more than these ${String(limit)}. For the next, repeat this with --after ${cursorOf(last)}; see also --search.`,
    );
  return 'done';
}

/** What a list is of. */
interface ListKind {
  readonly kind: ListedKind;
  readonly header: readonly string[];
  readonly words: string;
  /** Undefined if it selects all. */
  readonly filter: object | undefined;
  readonly read: (outbox: ReadableOutbox, limit: number) => Promise<readonly Listed[]>;
}

function kindOf(options: ListOptions): ListKind {
  if (options.dead === true) {
    const filter = deadFilterOf(options);
    const before = placeIn('dead', options.after);
    const read = (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> =>
      first(limit, deadIn(outbox, filter, before), (letter) => ({
        at: letter.position,
        stored: letter,
        record: deadRecord(letter),
        row: deadRow(letter),
      }));
    return { kind: 'dead', header: deadHeader, words: 'dead letters', filter, read };
  }
  if (options.delivered === true) {
    const filter = deliveredFilterOf(options);
    const before = placeIn('delivered', options.after);
    const read = async (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> =>
      (await outbox.listDelivered({ ...filter, limit, before })).map((delivered) => ({
        at: delivered.position,
        stored: delivered,
        record: deliveredRecord(delivered),
        row: deliveredRow(delivered),
      }));
    return { kind: 'delivered', header: deliveredHeader, words: 'delivered notifications', filter, read };
  }
  const filter = pendingFilterOf(options);
  const after = placeIn('pending', options.after);
  const read = async (outbox: ReadableOutbox, limit: number): Promise<readonly Listed[]> => {
    const now = await outbox.now();
    const state = await readDeliveryState(outbox);
    const entries = await outbox.listPending({ ...filter, limit, after });
    return entries.map((entry) => ({
      at: entry.place,
      stored: entry,
      record: pendingRecord(entry),
      row: pendingRow(entry, now, state),
    }));
  };
  return { kind: 'pending', header: pendingHeader, words: 'pending notifications', filter, read };
}

/** Something that a list shows. */
interface Listed {
  /** Its place in the list. */
  readonly at: number;
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

function pendingRow(entry: PendingEntry, now: number, state: DeliveryState): string[] {
  const { type, lane, attempts, acceptedAt } = entry;
  return [type, lane, String(attempts), `${durationText(now - acceptedAt)} ago`, nextAttemptText(entry, now, state)];
}

/** So that a cell holds what is said of it; the column of the targets has the whole name. */
const maxTargetLength = 13;

function nextAttemptText(entry: PendingEntry, now: number, { isNeglected, pauseText }: DeliveryState): string {
  const { target, nextAttemptAt, waitsInLane } = entry;
  if (!waitsInLane && isNeglected(target))
    return `waits for target ${safeText(target, maxTargetLength)}, which no process delivers to`;
  const pause = pauseText(target);
  const words = {
    lane: 'after the one before it in its lane',
    pause: pause ?? '',
    instant: `in ${durationText(nextAttemptAt - now)}`,
    nothing: 'due',
  };
  return words[nextAttemptOf(entry, now, pause !== undefined)];
}

const deadHeader = ['TYPE', 'LANE', 'ATTEMPTS', 'DIED', 'REASON'];

function deadRow({ type, lane, attempts, diedAt, reason }: DeadLetter): string[] {
  return [type, lane, String(attempts), instantText(diedAt), reasonText(reason)];
}

const deliveredHeader = ['TYPE', 'LANE', 'ATTEMPTS', 'DELIVERED', 'STATUS', 'TOOK'];

function deliveredRow({ type, lane, attempts, deliveredAt, status, durationMs }: DeliveredNotification): string[] {
  return [type, lane, String(attempts), instantText(deliveredAt), String(status), exactDurationText(durationMs)];
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
