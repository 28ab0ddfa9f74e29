import type { Command } from 'commander';
import type { CliContext } from './cli-context.js';
import { CliFailure } from './cli-failure.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { notificationId } from './outbox-id.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { bodyValue, deadRecord, pendingRecord, wholeRecord } from './outbox-record.js';
import { safeJson, safeText } from './safe-text.js';
import { readOutbox } from './use-outbox.js';

interface ShowOptions extends CommonOptions, OutboxOptions {
  readonly body?: true;
}

export function addShowCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('show')
    .description('shows one notification, pending or dead')
    .argument('<id>', 'its id', notificationId)
    .option('--body', 'also what is posted, which holds personal data')
    .addHelpText(
      'after',
      `
Examples:
  $ crm-notifier outbox show 01a20bb3-6f81-71fc-be53-33f9f0e71da1
  $ crm-notifier outbox show 01a20bb3-6f81-71fc-be53-33f9f0e71da1 --body --json`,
    );
  setAction<ShowOptions>(addOutboxOption(command), context, show);
}

async function show(
  { context, options, output }: CommandSession<ShowOptions>,
  [id]: readonly unknown[],
): Promise<'done'> {
  const place = findOutbox(options, context);
  const [stored] = await readOutbox(place, (outbox) => outbox.find(String(id)));
  if (stored === undefined) throw notHere(place.directory, String(id));
  const record = stored.state === 'pending' ? pendingRecord(stored) : deadRecord(stored);
  const lines = Object.entries(record).map(([name, value]) => `${name.padEnd(14)} ${shown(value)}`);
  if (options.body === true) lines.push('', safeJson(bodyValue(stored.body), 2));
  output.result(options.body === true ? wholeRecord(stored) : record, lines.join('\n'));
  return 'done';
}

/** Why one that is not in the outbox is not there: nobody knows any more. */
function notHere(directory: string, id: string): CliFailure {
  return new CliFailure(`${id} is not in ${directory}: delivered, discarded, or never there`, 'ERR_NOT_FOUND');
}

function shown(value: unknown): string {
  if (value === null) return '–';
  if (typeof value === 'object') return Object.values(value).map(shown).join(' ');
  return safeText(typeof value === 'string' ? value : JSON.stringify(value));
}
