import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import type { StoredNotification } from '../../outbox/outbox.js';
import {
  CliFailure,
  Interrupted,
  setAction,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from '../command.js';
import { safeJson, type Output } from '../output.js';
import { addDeadFilter, deadFilterOf, refuseWithoutDead, type DeadFilterOptions } from './dead-filter.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { deadIn, pendingIn, wholeRecord } from './stored-records.js';

interface ExportOptions extends CommonOptions, OutboxOptions, DeadFilterOptions {
  readonly dead?: true;
  readonly file?: string;
}

export function addExportCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('export')
    .description('print whole pending notifications, or with --dead dead letters: JSON, one object per line')
    .option('--dead', 'export the dead letters')
    .option('--file <file>', 'write to a new file that only its owner can read, instead of standard output')
    .addHelpText(
      'after',
      `
The bodies hold personal data.

Examples:
  $ crm-notifier outbox export --file pending.ndjson
  $ crm-notifier outbox export --dead | jq .body.booking_id`,
    );
  setAction<ExportOptions>(addOutboxOption(addDeadFilter(command)), context, exportOutbox);
}

async function exportOutbox({ context, options, output }: CommandSession<ExportOptions>): Promise<'done'> {
  refuseWithoutDead(options);
  const place = findOutbox(options, context);
  const file = options.file === undefined ? undefined : resolve(options.file);
  if (file !== undefined && existsSync(file)) {
    throw new CliFailure(`${file} already exists; choose another name or remove it`, 'EEXIST');
  }
  output.note(
    `The export${file === undefined ? '' : ` in ${file}`} holds personal data: keep it private, and delete it after use.`,
  );
  await readOutbox(place, async (outbox) => {
    const stored = storedIn(outbox, options);
    const count = await (file === undefined ? toOutput(stored, output, context) : toFile(stored, file, context));
    output.note(`${String(count)} exported.`);
    if (file !== undefined && output.isJson) output.result({ exported: count, file }, '');
  });
  return 'done';
}

async function* storedIn(outbox: ReadableOutbox, options: ExportOptions): AsyncGenerator<StoredNotification> {
  const filter = deadFilterOf(options);
  if (options.dead !== true) {
    for await (const pending of pendingIn(outbox, filter)) yield { state: 'pending', ...pending };
    return;
  }
  for await (const { id, target } of deadIn(outbox, filter)) {
    // Leaves out one that was redelivered or discarded since the page was read.
    const [stored] = await outbox.find(id, target);
    if (stored?.state === 'dead') yield stored;
  }
}

async function toOutput(
  stored: AsyncIterable<StoredNotification>,
  output: Output,
  { stop }: CliContext,
): Promise<number> {
  let count = 0;
  for await (const notification of stored) {
    if (output.isClosed) break;
    if (stop.aborted) throw new Interrupted();
    const record = wholeRecord(notification);
    output.result(record, safeJson(record));
    count += 1;
    await output.drained();
    // Gives the event loop a turn, to notice a signal or a closed pipe.
    if (count % 100 === 0) await setImmediate();
  }
  return count;
}

/** Writes under a temporary name and renames at the end, so that a broken-off export leaves no file. */
async function toFile(stored: AsyncIterable<StoredNotification>, file: string, { stop }: CliContext): Promise<number> {
  const unfinished = `${file}.unfinished-${String(process.pid)}`;
  const stream = createWriteStream(unfinished, { flags: 'wx', mode: 0o600 });
  const written = finished(stream);
  // Awaited below. Until then a rejection must not count as unhandled.
  written.catch(() => undefined);
  let count = 0;
  try {
    await once(stream, 'open');
    for await (const notification of stored) {
      if (stop.aborted) throw new Interrupted();
      count += 1;
      if (!stream.write(`${safeJson(wholeRecord(notification))}\n`))
        await Promise.race([once(stream, 'drain'), written]);
    }
    stream.end();
    await written;
    renameSync(unfinished, file);
    return count;
  } catch (error) {
    stream.destroy();
    rmSync(unfinished, { force: true });
    throw error;
  }
}
