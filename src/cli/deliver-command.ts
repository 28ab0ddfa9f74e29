import type { Command } from 'commander';
import { createNotifier } from '../create-notifier.js';
import type { Notifier, Stats } from '../notifier/notifier.js';
import type { OutboxCounts } from '../outbox/outbox.js';
import {
  addConnectionOptions,
  longestMs,
  parseMilliseconds,
  serviceOptionsOf,
  type ConnectionOptions,
} from './arguments.js';
import {
  CliFailure,
  Interrupted,
  setAction,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from './command.js';
import { readOutbox, requireTables } from './outbox/open-outbox.js';
import {
  addOutboxOption,
  findOutbox,
  outboxOptionOf,
  refuseAsRoot,
  type OutboxOptions,
  type OutboxPlace,
} from './outbox/outbox-place.js';
import { drawBar, type Output } from './output.js';

interface DeliverOptions extends CommonOptions, ConnectionOptions, OutboxOptions {
  readonly watch?: true;
  readonly patienceMs: number;
}

/** What this process has delivered so far, and what died. */
interface Counts {
  delivered: number;
  died: number;
}

interface Progress extends Readonly<Counts>, Pick<Stats, 'pending' | 'isDelivering' | 'isOutboxReadable'> {
  /** Whether another process is known to deliver, or must be, as only one has the lock of a file. */
  readonly isDeliveredElsewhere: boolean;
}

/** `idle`: nothing is due any more. `stuck`: no progress for too long. */
type DeliveryEnd = 'idle' | 'stuck' | 'stopped';

export function addDeliverCommand(program: Command, context: CliContext): void {
  const command = program
    .command('deliver')
    .description('deliver an outbox without the app: until nothing is due, or with --watch until stopped')
    .option('--watch', 'keep running until SIGINT or SIGTERM, and deliver what is accepted meanwhile')
    .option(
      '--patience-ms <ms>',
      'without --watch: give up after this long without progress',
      parseMilliseconds,
      30_000,
    )
    .addHelpText(
      'after',
      `
Only one of the processes that share an outbox delivers. If a running app does, this command waits, and takes over when
the app ends. A notification that is being sent when this command ends is sent again later, with the same id.
The exit code is 1 if a notification died or is still pending; with --watch, only if one died.

Examples:
  $ crm-notifier deliver
  $ crm-notifier deliver --outbox /var/lib/app/.crm-outbox --patience-ms 120000
  $ crm-notifier deliver --watch`,
    );
  setAction<DeliverOptions>(addConnectionOptions(addOutboxOption(command)), context, deliver);
}

async function deliver(session: CommandSession<DeliverOptions>): Promise<'done' | 'failed'> {
  const { context, options, output, logger } = session;
  const place = findOutbox(options, context);
  refuseAsRoot(place);
  await requireTables(place);
  const notifier = createNotifier({ ...serviceOptionsOf(options, context, logger), outbox: outboxOptionOf(place) });
  const display = createProgressDisplay(context, output);
  const counts: Counts = { delivered: 0, died: 0 };
  notifier.on('delivered', () => (counts.delivered += 1));
  notifier.on('dead', () => (counts.died += 1));
  const isWatching = options.watch ?? false;
  let end: DeliveryEnd;
  let stats: Stats;
  try {
    await notifier.ready();
    if (isWatching) output.note(`Delivering ${place.name} until SIGINT or SIGTERM.`);
    end = await runDelivery(notifier, counts, session, display);
  } finally {
    display.end();
    await notifier.close({ timeoutMs: 1 });
    stats = await notifier.stats();
  }
  const { pending, dead } = await countsAtEnd(place, stats);
  const { delivered, died } = counts;
  output.result(
    { delivered, died, pending, dead, end },
    `${String(delivered)} delivered, ${String(died)} died, ${String(pending)} pending, ${String(dead)} dead in total.`,
  );
  if (end === 'stuck') {
    output.note(
      `No progress for ${String(options.patienceMs)} ms. Pending notifications stay in the outbox; run crm-notifier check.`,
    );
  } else if (end === 'idle' && pending > 0) {
    output.note(pauseNote(stats) ?? 'Pending notifications are waiting for their next attempt; run this again later.');
  }
  if (end === 'stopped' && !isWatching) throw new Interrupted();
  return died > 0 || (pending > 0 && !isWatching) ? 'failed' : 'done';
}

/** Undefined if nothing that waits is paused by hand. */
function pauseNote({ targets }: Stats): string | undefined {
  const paused = Object.entries(targets).filter(
    ([, { pausedByHand, pending }]) => pausedByHand !== null && pending > 0,
  );
  if (paused.length === 0) return undefined;
  return `Delivery to ${paused.map(([name]) => name).join(', ')} is paused by hand; see crm-notifier outbox resume.`;
}

/** Those of a server are read again: the notifier's may be a moment old. */
function countsAtEnd(place: OutboxPlace, stats: Stats): Pick<Stats, 'pending' | 'dead'> | Promise<OutboxCounts> {
  if (place.kind === 'postgres') return readOutbox(place, (outbox) => outbox.counts());
  if (stats.isOutboxReadable) return stats;
  throw new CliFailure(`the outbox in ${place.name} cannot be read`, 'ERR_CRM_OUTBOX');
}

const pollEveryMs = 250;

/** Lets the notifier deliver until nothing is due, there is no progress, or the process is asked to stop. */
async function runDelivery(
  notifier: Notifier,
  counts: Readonly<Counts>,
  { context, options }: CommandSession<DeliverOptions>,
  display: ProgressDisplay,
): Promise<DeliveryEnd> {
  const { stop } = context;
  const isWatching = options.watch ?? false;
  let changedAtMs = performance.now();
  let previous = '';
  let polling: NodeJS.Timeout | undefined;

  const poll = async (onStuck: () => void): Promise<void> => {
    // Before the stats: who leads now may be this process by then.
    const hasOtherLeader = await isLedByAnother(notifier);
    const { pending, isDelivering, isOutboxReadable } = await notifier.stats();
    const { delivered, died } = counts;
    const isDeliveredElsewhere = !isDelivering && hasOtherLeader;
    display.show({ delivered, died, pending, isDelivering, isOutboxReadable, isDeliveredElsewhere });
    // What another process delivers changes only the pending count.
    const current = `${String(delivered)} ${String(died)} ${String(pending)}`;
    if (current !== previous) changedAtMs = performance.now();
    previous = current;
    if (!isWatching && performance.now() - changedAtMs >= options.patienceMs) onStuck();
  };

  try {
    return await new Promise<DeliveryEnd>((resolve, reject) => {
      const onStop = (): void => {
        resolve('stopped');
      };
      stop.addEventListener('abort', onStop, { once: true });
      if (stop.aborted) onStop();
      const pollNow = (): void => {
        poll(() => {
          resolve('stuck');
        }).catch(reject);
      };
      pollNow();
      polling = setInterval(pollNow, pollEveryMs);
      if (isWatching) return;
      notifier
        .flush({ timeoutMs: longestMs })
        // What happened since the last poll, such as the other process's end, is shown as well.
        .then(() => poll(() => undefined))
        .then(() => {
          resolve('idle');
        }, reject);
    });
  } finally {
    clearInterval(polling);
  }
}

/** Of an outbox on a server, a process that starts is not the leader for a moment, though no other is. */
async function isLedByAnother(notifier: Notifier): Promise<boolean> {
  const processes = await notifier.processes().catch(() => []);
  return processes?.some(({ isLeader, pid }) => isLeader && pid !== process.pid) ?? true;
}

const manyPending = 50;
const lineEveryMs = 5_000;

interface ProgressDisplay {
  show(progress: Progress): void;
  end(): void;
}

/** Shows progress on standard error: a bar on a terminal if much is pending, otherwise a line every few seconds. */
function createProgressDisplay({ stderr }: CliContext, output: Output): ProgressDisplay {
  let printedAtMs = performance.now();
  let printed = '';
  let hasBar = false;
  let isWaiting = false;

  const note = (text: string): void => {
    // Off the line of the bar.
    if (hasBar) stderr.write('\n');
    output.note(text);
  };

  const showLine = ({ delivered, died, pending }: Progress): void => {
    const nowMs = performance.now();
    const line = `${String(delivered)} delivered, ${String(died)} died, ${String(pending)} pending`;
    if (nowMs - printedAtMs < lineEveryMs || line === printed) return;
    printedAtMs = nowMs;
    printed = line;
    output.note(line);
  };

  return {
    show(progress) {
      const { delivered, died, pending, isDelivering, isOutboxReadable, isDeliveredElsewhere } = progress;
      // The stats of an unreadable outbox say nothing about who delivers.
      if (isOutboxReadable && !isWaiting && isDeliveredElsewhere) {
        note('Another process, such as a running app, delivers this outbox; waiting.');
        isWaiting = true;
      } else if (isOutboxReadable && isWaiting && isDelivering) {
        note('The other process has ended; delivering.');
        isWaiting = false;
      }
      hasBar ||= stderr.isTTY === true && pending >= manyPending;
      if (hasBar) drawBar(stderr, delivered + died, delivered + died + pending, `, ${String(died)} died`);
      else showLine(progress);
    },
    end() {
      if (hasBar && stderr.writable) stderr.write('\n');
    },
  };
}
