import type { Command } from 'commander';
import { durationText } from '../../core/duration-text.js';
import type { OutboxProcess } from '../../outbox/outbox-access.js';
import { setAction, type CliContext, type CommandSession, type CommonOptions } from '../command.js';
import { safeText, textTable } from '../output.js';
import { readOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { instantText } from './stored-records.js';

interface StatsOptions extends CommonOptions, OutboxOptions {}

export function addStatsCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('stats')
    .description('show how many notifications are pending and dead, the age of the oldest, and who delivers')
    .addHelpText(
      'after',
      `
For an outbox in PostgreSQL it also shows the processes that use it, and which of them leads: that one delivers.

Examples:
  $ crm-notifier outbox stats
  $ crm-notifier outbox stats --outbox /var/lib/app/.crm-outbox --json
  $ CRM_OUTBOX=postgres://app@db.internal/bookings crm-notifier outbox stats`,
    );
  setAction<StatsOptions>(addOutboxOption(command), context, showStats);
}

async function showStats({ context, options, output }: CommandSession<StatsOptions>): Promise<'done'> {
  const place = findOutbox(options, context);
  const { counts, processes, now } = await readOutbox(place, async (outbox) => ({
    counts: await outbox.counts(),
    processes: await outbox.processes(),
    now: await outbox.now(),
  }));
  const { pending, pendingBytes, dead, oldestAcceptedAt } = counts;
  const oldestAgeMs = oldestAcceptedAt === undefined ? 0 : Math.max(0, now - oldestAcceptedAt);
  const oldest = pending === 0 ? '' : `, the oldest for ${durationText(oldestAgeMs)}`;
  output.result(
    { outbox: place.name, pending, pendingBytes, dead, oldestAgeMs, processes: processes?.map(processRecord) },
    [
      `outbox   ${place.name}`,
      `pending  ${String(pending)} (${String(pendingBytes)} bytes${oldest})`,
      `dead     ${String(dead)}`,
      ...(processes === undefined ? [] : processLines(processes, now)),
    ].join('\n'),
  );
  return 'done';
}

function processRecord({ id, name, pid, startedAt, isLeader }: OutboxProcess): object {
  return { id, name, pid, startedAt: instantText(startedAt), isLeader };
}

function processLines(processes: readonly OutboxProcess[], now: number): readonly string[] {
  const leader = processes.find(({ isLeader }) => isLeader);
  const who =
    leader === undefined ? 'none: nobody delivers' : `${safeText(leader.name)}, process ${String(leader.pid)}`;
  if (processes.length === 0) return [`leader   ${who}`];
  const rows = processes.map(({ name, pid, startedAt, isLeader }) => [
    name,
    String(pid),
    durationText(Math.max(0, now - startedAt)),
    isLeader ? 'yes' : 'no',
  ]);
  return [`leader   ${who}`, '', textTable(['MACHINE', 'PROCESS', 'RUNNING FOR', 'LEADS'], rows)];
}
