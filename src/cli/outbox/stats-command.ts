import type { Command } from 'commander';
import { durationText } from '../../core/duration-text.js';
import { CRMOutboxError } from '../../core/errors.js';
import { failureText } from '../../core/failure-words.js';
import { instantText } from '../../core/instant-text.js';
import { tokenFailureCode } from '../../core/token-failure-code.js';
import { crmTarget, type DeadGroup, type OutboxCounts } from '../../outbox/outbox.js';
import type { Changes, HandPause, OutboxProcess, Pause, TypeCounts } from '../../history/history.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText, textTable } from '../output.js';
import { handPauseLines, readHandPauses, type HandPausesRecord } from './hand-pauses.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { reasonText } from './reason-text.js';
import { readTypeCounts, typeCountLines } from './type-counts.js';

interface StatsOptions extends CommonOptions, OutboxOptions {}

export function addStatsCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('stats')
    .description(
      'show how many notifications are pending and dead for each target, the age of the oldest, and who delivers',
    )
    .addHelpText(
      'after',
      `
It also shows the processes that use it, which of them leads, and so delivers, which targets that one waits for, and why, and what is
paused by hand, and by whom; and what was accepted, delivered, retried and dead of each type in the past day.

Examples:
  $ crm-notifier outbox stats
  $ crm-notifier outbox stats --outbox /var/lib/app/.crm-outbox --json
  $ CRM_OUTBOX=postgres://app@db.internal/bookings crm-notifier outbox stats`,
    );
  setAction<StatsOptions>(addOutboxOption(command), context, showStats);
}

async function showStats({ context, options, output }: CommandSession<StatsOptions>): Promise<'done'> {
  const place = findOutbox(options, context);
  const { counts, targets, groups, reported, now } = await readOutbox(place, async (outbox) => ({
    counts: await outbox.counts(),
    targets: await countsOfTargets(outbox),
    groups: (await outbox.summariseDead({})).groups,
    reported: await readReported(outbox),
    now: await outbox.now(),
  }));
  const { processes, byHand, types, changes, unread } = reported;
  const all = countsRecord(counts, now);
  const { pending, pendingBytes, dead, oldestAgeMs } = all;
  const oldest = pending === 0 ? '' : `, the oldest for ${durationText(oldestAgeMs)}`;
  const ofTargets = targets.map(([name, ofTarget]) => [name, countsRecord(ofTarget, now)] as const);
  output.result(
    {
      outbox: place.name,
      ...all,
      targets: Object.fromEntries(ofTargets),
      deadGroups: groups.map(groupRecord),
      processes: processes.map(processRecord),
      types,
      changes: { redelivered: changes.redelivered, discarded: changes.discarded },
      pausedByHand: { all: pauseRecord(byHand.all), targets: mapPauses(byHand.targets) },
      pausesUnknown: unread,
    },
    [
      `outbox   ${place.name}`,
      `pending  ${String(pending)} (${String(pendingBytes)} bytes${oldest})`,
      `dead     ${String(dead)}${changesText(changes)}`,
      ...(unread === null
        ? processLines(processes, handPauseLines(byHand, now), now)
        : [
            `paused   perhaps: that cannot be read, so a process that starts now delivers nothing (${safeText(unread)})`,
          ]),
      ...targetLines(ofTargets),
      ...groupLines(groups),
      ...typeCountLines(types),
    ].join('\n'),
  );
  return 'done';
}

/** What the processes that use an outbox report, and what is paused by hand. */
interface Reported {
  readonly processes: readonly OutboxProcess[];
  readonly byHand: HandPausesRecord;
  readonly types: readonly TypeCounts[];
  readonly changes: Changes;
  /** Why the history cannot be read, if that is so: then the rest is empty. */
  readonly unread: string | null;
}

/** The history is a file of its own: what befalls it must not hide how many are pending. */
async function readReported(outbox: ReadableOutbox): Promise<Reported> {
  try {
    return {
      processes: await outbox.processes(),
      byHand: await readHandPauses(outbox),
      types: await readTypeCounts(outbox),
      changes: await outbox.changes((await outbox.now()) - dayMs),
      unread: null,
    };
  } catch (error) {
    if (!(error instanceof CRMOutboxError)) throw error;
    const changes = { redelivered: 0, discarded: 0, latest: [] };
    return { processes: [], byHand: { all: null, targets: {} }, types: [], changes, unread: error.message };
  }
}

/** What people have done to dead letters in the past day. */
function changesText({ redelivered, discarded }: Changes): string {
  if (redelivered + discarded === 0) return '';
  return ` (in the past day ${String(redelivered)} redelivered and ${String(discarded)} discarded by hand)`;
}

function groupRecord({ target, type, reason, status, count, diedAt, detail }: DeadGroup): object {
  return { target, type, reason, status: status ?? null, count, latest: instantText(diedAt), detail };
}

const dayMs = 24 * 3_600_000;
const maxGroupLines = 10;

/** What the dead letters died of, the largest group first. */
function groupLines(groups: readonly DeadGroup[]): readonly string[] {
  if (groups.length === 0) return [];
  const rows = groups
    .slice(0, maxGroupLines)
    .map(({ target, type, reason, status, count, detail }) => [
      String(count),
      target,
      type,
      reasonText({ kind: reason, status, detail }),
    ]);
  return ['', textTable(['DEAD', 'TARGET', 'TYPE', 'REASON'], rows)];
}

interface CountsRecord {
  readonly pending: number;
  readonly pendingBytes: number;
  readonly dead: number;
  readonly oldestAgeMs: number;
}

function countsRecord({ pending, pendingBytes, dead, oldestAcceptedAt }: OutboxCounts, now: number): CountsRecord {
  const oldestAgeMs = oldestAcceptedAt === undefined ? 0 : Math.max(0, now - oldestAcceptedAt);
  return { pending, pendingBytes, dead, oldestAgeMs };
}

async function countsOfTargets(outbox: ReadableOutbox): Promise<(readonly [name: string, counts: OutboxCounts])[]> {
  const counts: [string, OutboxCounts][] = [];
  for (const name of (await outbox.targets()).toSorted()) counts.push([name, await outbox.counts(name)]);
  return counts;
}

/** Nothing if the usual target is the only one. */
function targetLines(targets: readonly (readonly [name: string, counts: CountsRecord])[]): readonly string[] {
  if (targets.every(([name]) => name === crmTarget)) return [];
  const rows = targets.map(([name, { pending, dead, oldestAgeMs }]) => [
    name,
    String(pending),
    pending === 0 ? '–' : durationText(oldestAgeMs),
    String(dead),
  ]);
  return ['', textTable(['TARGET', 'PENDING', 'OLDEST', 'DEAD'], rows)];
}

function processRecord({ id, name, pid, startedAt, isLeader, targets }: OutboxProcess): object {
  const pausedTargets = pausesOf(targets).map(([target, { cause, since }]) => [
    target,
    { ...cause, since: instantText(since) },
  ]);
  return {
    id,
    name,
    pid,
    startedAt: instantText(startedAt),
    isLeader,
    paused: Object.fromEntries(pausedTargets) as object,
  };
}

function pauseRecord(pause: HandPause | null): object | null {
  return pause === null ? null : { by: pause.by, since: instantText(pause.since) };
}

function mapPauses(targets: HandPausesRecord['targets']): object {
  return Object.fromEntries(Object.entries(targets).map(([name, pause]) => [name, pauseRecord(pause)]));
}

function pausesOf(targets: OutboxProcess['targets']): (readonly [target: string, pause: Pause])[] {
  return Object.entries(targets).flatMap(([target, { pause }]) => (pause === null ? [] : [[target, pause] as const]));
}

function pauseLine([target, { cause, since }]: readonly [target: string, pause: Pause], now: number): string {
  return `waits    ${safeText(target)} ${causeText(cause)}, for ${durationText(Math.max(0, now - since))}`;
}

function causeText(cause: Pause['cause']): string {
  switch (cause.kind) {
    case 'byHand':
      return `is paused by ${cause.by === null ? 'hand' : safeText(cause.by)}`;
    case 'pausesUnknown':
      return `gets nothing until it can be read what is paused by hand (${safeText(cause.reason)})`;
    case 'unreachable':
      if (cause.code === tokenFailureCode) return `gets nothing, as no token can be got for it (${tokenFailureCode})`;
      return `cannot be reached: ${safeText(failureText(cause.code))}`;
    case 'unauthorised':
      return `refuses the token (${String(cause.status)})`;
    case 'misdirected':
      return `responds ${String(cause.status)} to everything, as a wrong URL would`;
  }
}

function processLines(
  processes: readonly OutboxProcess[],
  handPauses: readonly string[],
  now: number,
): readonly string[] {
  const leader = processes.find(({ isLeader }) => isLeader);
  const who =
    leader === undefined ? 'none: nobody delivers' : `${safeText(leader.name)}, process ${String(leader.pid)}`;
  const reported = pausesOf(leader?.targets ?? {}).filter(([, { cause }]) => cause.kind !== 'byHand');
  const pauses = [...handPauses, ...reported.map((pause) => pauseLine(pause, now))];
  if (processes.length === 0) return [`leader   ${who}`, ...pauses];
  const rows = processes.map(({ name, pid, startedAt, isLeader }) => [
    name,
    String(pid),
    durationText(Math.max(0, now - startedAt)),
    isLeader ? 'yes' : 'no',
  ]);
  return [`leader   ${who}`, ...pauses, '', textTable(['MACHINE', 'PROCESS', 'RUNNING FOR', 'LEADS'], rows)];
}
