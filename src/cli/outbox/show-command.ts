import type { Command } from 'commander';
import type { TargetTimeline, TimelineEntry } from '../../history/history.js';
import { instantText } from '../../core/instant-text.js';
import { replyWords } from '../../core/reply-words.js';
import { hasReplyWords, timelineText } from '../../history/timeline-text.js';
import { deadRecord, pendingRecord } from '../../outbox/list-record.js';
import type { StoredNotification } from '../../outbox/outbox.js';
import { parseNotificationId } from '../arguments.js';
import { CliFailure, setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeJson, safeText } from '../output.js';
import { readOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { completeIds } from './short-ids.js';
import { bodyValue, wholeRecord } from './stored-records.js';

interface ShowOptions extends CommonOptions, OutboxOptions {
  readonly body?: true;
}

export function addShowCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('show')
    .description('show one notification and what happened to it, for each target it is for')
    .argument('<id>', 'its id; the beginning or end is enough', parseNotificationId)
    .option('--body', 'also show the body, which holds personal data')
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox show 33f9f0e71da1
  $ crm-notifier outbox show 01a20bb3-6f81-71fc-be53-33f9f0e71da1 --body --json`,
    );
  setAction<ShowOptions>(addOutboxOption(command), context, show);
}

async function show(
  { context, options, output }: CommandSession<ShowOptions>,
  [given]: readonly unknown[],
): Promise<'done'> {
  const place = findOutbox(options, context);
  const [id = ''] = await completeIds([String(given)], place);
  const { stored, timeline } = await readOutbox(place, async (outbox) => ({
    timeline: await outbox.timeline(id),
    stored: await outbox.find(id),
  }));
  const targets = new Set([...stored, ...timeline.targets].map(({ target }) => target));
  if (targets.size === 0) {
    const why = 'it was delivered or discarded too long ago to be kept, or was never there';
    throw new CliFailure(`${id} is not in ${place.name}: ${why}`, 'ERR_NOT_FOUND');
  }
  for (const [index, target] of [...targets].entries()) {
    const entry = stored.find((one) => one.target === target);
    const known = timeline.targets.find((one) => one.target === target);
    const record = recordOf(id, entry, known);
    const lines = Object.entries(record).map(([name, value]) => `${name.padEnd(14)} ${fieldText(value)}`);
    if (index > 0) lines.unshift('');
    lines.push('', ...timelineLines(timeline.acceptedAt, known));
    if (options.body === true && entry !== undefined) lines.push('', safeJson(bodyValue(entry.body), 2));
    const shown = options.body === true && entry !== undefined ? wholeRecord(entry) : record;
    const accepted = timeline.acceptedAt === undefined ? [] : [acceptedRecord(timeline.acceptedAt)];
    output.result({ ...shown, timeline: [...accepted, ...(known?.entries ?? []).map(entryRecord)] }, lines.join('\n'));
  }
  return 'done';
}

/** Of one that the outbox no longer holds, what became of it. */
function recordOf(id: string, entry: StoredNotification | undefined, known: TargetTimeline | undefined): object {
  if (entry !== undefined) return entry.state === 'pending' ? pendingRecord(entry) : deadRecord(entry);
  const { state = 'gone', target, type, lane } = known ?? {};
  return { state, target, id, type, lane };
}

function acceptedRecord(at: number): object {
  return { at: instantText(at), kind: 'accepted' };
}

/** What `--json` prints of what happened. */
function entryRecord({
  kind,
  at,
  lastAt,
  count,
  attempts,
  status,
  code,
  durationMs,
  detail,
  by,
}: TimelineEntry): object {
  return {
    at: instantText(at),
    kind,
    lastAt: instantText(lastAt),
    count,
    attempts,
    status,
    code,
    durationMs,
    detail,
    by,
  };
}

function timelineLines(acceptedAt: number | undefined, known: TargetTimeline | undefined): string[] {
  const accepted = acceptedAt === undefined ? [] : [`${instantText(acceptedAt)}  accepted`];
  const lines = (known?.entries ?? []).map((entry) => {
    const words = hasReplyWords(entry) ? `: ${replyWords(entry.detail)}` : '';
    return `${instantText(entry.at)}  ${safeText(timelineText(entry) + words)}`;
  });
  const { place } = known ?? {};
  const waiting = place === undefined ? [] : [placeText(place.before, place.after)];
  return [...accepted, ...lines, ...waiting];
}

function placeText(before: number, after: number): string {
  return `In its lane ${String(before)} wait before it, and ${String(after)} after it.`;
}

function fieldText(value: unknown): string {
  if (value === null) return '–';
  if (typeof value === 'object') return Object.values(value).map(fieldText).join(' ');
  return safeText(typeof value === 'string' ? value : JSON.stringify(value));
}
