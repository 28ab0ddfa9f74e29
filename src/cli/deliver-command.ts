import type { Command } from 'commander';
import { createNotifier } from '../create-notifier.js';
import type { Stats } from '../notifier/notifier.js';
import type { CliContext } from './cli-context.js';
import { CliFailure, Interrupted } from './cli-failure.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { addConnectionOptions, serviceOptionsOf, type ConnectionOptions } from './connection-options.js';
import { runDelivery, type DeliveryEnd } from './delivery-run.js';
import { milliseconds } from './option-values.js';
import { addOutboxOption, findOutbox, refuseAsRoot, type OutboxOptions } from './outbox-place.js';
import { createProgressDisplay } from './progress-display.js';

interface DeliverOptions extends CommonOptions, ConnectionOptions, OutboxOptions {
  readonly watch?: true;
  readonly patienceMs: number;
}

export function addDeliverCommand(program: Command, context: CliContext): void {
  const command = program
    .command('deliver')
    .description('delivers an outbox without the app: until nothing is due, or for ever with --watch')
    .option('--watch', 'go on until SIGINT or SIGTERM, and deliver what is accepted meanwhile')
    .option('--patience-ms <ms>', 'without --watch: give up after so long without progress', milliseconds, 30_000)
    .addHelpText(
      'after',
      `
Of the processes that share an outbox one delivers. While a running app does, this waits and takes over when it ends.
What is under way when this ends is sent again later, under the same id.
The exit code is 1 if a notification died or is still pending; with --watch, if one died.

Examples:
  $ crm-notifier deliver
  $ crm-notifier deliver --outbox /var/lib/app/.crm-outbox --patience-ms 120000
  $ crm-notifier deliver --watch`,
    );
  setAction<DeliverOptions>(addConnectionOptions(addOutboxOption(command)), context, deliver);
}

async function deliver(session: CommandSession<DeliverOptions>): Promise<'done' | 'failed'> {
  const { context, options, output, logger } = session;
  const { directory } = findOutbox(options, context);
  refuseAsRoot(directory);
  const notifier = createNotifier({ ...serviceOptionsOf(options, context, logger), outbox: directory });
  const display = createProgressDisplay(context, output);
  const counts = { delivered: 0, died: 0 };
  notifier.on('delivered', () => (counts.delivered += 1));
  notifier.on('dead', () => (counts.died += 1));
  const isWatching = options.watch ?? false;
  let end: DeliveryEnd;
  let stats: Stats;
  try {
    await notifier.ready();
    if (isWatching) output.note(`Delivering ${directory} until SIGINT or SIGTERM.`);
    end = await runDelivery({
      notifier,
      counts,
      stop: context.stop,
      isWatching,
      patienceMs: options.patienceMs,
      onProgress: (progress) => {
        display.show(progress);
      },
    });
  } finally {
    display.end();
    await notifier.close({ timeoutMs: 1 });
    stats = await notifier.stats();
  }
  if (!stats.isOutboxReadable) throw new CliFailure(`the outbox in ${directory} cannot be read`, 'ERR_CRM_OUTBOX');
  const { pending, dead } = stats;
  const { delivered, died } = counts;
  output.result(
    { delivered, died, pending, dead, end },
    `${String(delivered)} delivered, ${String(died)} died, ${String(pending)} pending, ${String(dead)} dead in all.`,
  );
  if (end === 'stuck') {
    output.note(
      `Nothing has moved for ${String(options.patienceMs)} ms. What is pending is safe; see crm-notifier check.`,
    );
  } else if (end === 'idle' && pending > 0) output.note('What is pending waits for its next attempt; run this again.');
  if (end === 'stopped' && !isWatching) throw new Interrupted();
  return died > 0 || (pending > 0 && !isWatching) ? 'failed' : 'done';
}
