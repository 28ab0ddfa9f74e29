import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { csvLine } from '../../core/csv.js';
import { deliveredCells, deliveredHeader, deliveredRecord } from '../../history/delivered-record.js';
import { deadCells, deadHeader, pendingCells, pendingHeader } from '../../outbox/list-record.js';
import {
  CliFailure,
  Interrupted,
  setAction,
  UsageFailure,
  type CliContext,
  type CommandSession,
  type CommonOptions,
} from '../command.js';
import { safeJson, withoutControls, type Output } from '../output.js';
import {
  addListFilter,
  deadFilterOf,
  deliveredFilterOf,
  pendingFilterOf,
  refuseOfOtherKind,
  type ListFilterOptions,
} from './dead-filter.js';
import { readOutbox, type ReadableOutbox } from './open-outbox.js';
import { addOutboxOption, findOutbox, type OutboxOptions } from './outbox-place.js';
import { deadIn, deliveredIn, pendingIn, wholeRecord } from './stored-records.js';

interface ExportOptions extends CommonOptions, OutboxOptions, ListFilterOptions {
  readonly format: 'csv' | 'json';
  readonly file?: string;
}

export function addExportCommand(outbox: Command, context: CliContext): void {
  const command = outbox
    .command('export')
    .description(
      'print whole pending notifications, dead letters, or what is kept of delivered ones: JSON, one object per line, or CSV',
    )
    .addOption(
      new Option('--format <format>', 'json, with the bodies of what is pending or dead; or csv, without them')
        .choices(['csv', 'json'])
        .default('json'),
    )
    .option('--file <file>', 'write to a new file that only its owner can read, instead of standard output')
    .addHelpText(
      'after',
      `
The bodies hold personal data. CSV is for spreadsheets: what one would run as a formula begins with an apostrophe. Of delivered
notifications no bodies are kept; --from and --to are about the delivery then.

Examples:
  $ crm-notifier outbox export --file pending.ndjson
  $ crm-notifier outbox export --dead | jq .body.booking_id
  $ crm-notifier outbox export --dead --status 422 --format csv --file dead.csv
  $ crm-notifier outbox export --delivered --from 2026-11-24 --format csv --file delivered.csv`,
    );
  setAction<ExportOptions>(addOutboxOption(addListFilter(command)), context, exportOutbox);
}

async function exportOutbox({ context, options, output }: CommandSession<ExportOptions>): Promise<'done'> {
  refuseOfOtherKind(options);
  if (options.format === 'csv' && options.file === undefined && output.isJson)
    throw new UsageFailure('--format csv is not JSON: leave out --json, or give --file');
  const place = findOutbox(options, context);
  const file = options.file === undefined ? undefined : resolve(options.file);
  if (file !== undefined && existsSync(file)) {
    throw new CliFailure(`${file} already exists; choose another name or remove it`, 'EEXIST');
  }
  if (options.format === 'json' && options.delivered !== true)
    output.note(
      `The export${file === undefined ? '' : ` in ${file}`} holds personal data: keep it private, and delete it after use.`,
    );
  await readOutbox(place, async (outbox) => {
    const { header, entries } = exportedIn(outbox, options);
    const lines = options.format === 'csv' ? csvLines(header, entries) : jsonLines(entries);
    const written = await (file === undefined ? toOutput(lines, output, context) : toFile(lines, file, context));
    const count = written - (options.format === 'csv' ? 1 : 0);
    output.note(`${String(count)} exported.`);
    if (file !== undefined && output.isJson) output.result({ exported: count, file }, '');
  });
  return 'done';
}

type Cell = string | number | null;

/** What is exported. */
interface Exported {
  /** The names of the cells. */
  readonly header: readonly string[];
  readonly entries: AsyncIterable<ExportedEntry>;
}

/** A notification as each format has it. */
interface ExportedEntry {
  readonly record: () => object;
  readonly cells: () => readonly Cell[];
}

function exportedIn(outbox: ReadableOutbox, options: ExportOptions): Exported {
  if (options.dead === true) return { header: deadHeader, entries: deadEntries(outbox, options) };
  if (options.delivered === true) return { header: deliveredHeader, entries: deliveredEntries(outbox, options) };
  return { header: pendingHeader, entries: pendingEntries(outbox, options) };
}

async function* pendingEntries(outbox: ReadableOutbox, options: ExportOptions): AsyncGenerator<ExportedEntry> {
  for await (const pending of pendingIn(outbox, pendingFilterOf(options)))
    yield { record: () => wholeRecord({ state: 'pending', ...pending }), cells: () => pendingCells(pending) };
}

async function* deadEntries(outbox: ReadableOutbox, options: ExportOptions): AsyncGenerator<ExportedEntry> {
  for await (const { id, target } of deadIn(outbox, deadFilterOf(options))) {
    // Leaves out one that was redelivered or discarded since the page was read.
    const [stored] = await outbox.find(id, target);
    if (stored?.state === 'dead') yield { record: () => wholeRecord(stored), cells: () => deadCells(stored) };
  }
}

async function* deliveredEntries(outbox: ReadableOutbox, options: ExportOptions): AsyncGenerator<ExportedEntry> {
  for await (const delivered of deliveredIn(outbox, deliveredFilterOf(options)))
    yield { record: () => deliveredRecord(delivered), cells: () => deliveredCells(delivered) };
}

async function* jsonLines(entries: AsyncIterable<ExportedEntry>): AsyncGenerator<string> {
  for await (const { record } of entries) yield `${safeJson(record())}\n`;
}

async function* csvLines(header: readonly string[], entries: AsyncIterable<ExportedEntry>): AsyncGenerator<string> {
  yield csvLine(header);
  for await (const { cells } of entries) yield csvLine(cells().map(safeCell));
}

function safeCell(cell: Cell): Cell {
  return typeof cell === 'string' ? withoutControls(cell) : cell;
}

async function toOutput(lines: AsyncIterable<string>, output: Output, { stop }: CliContext): Promise<number> {
  let count = 0;
  for await (const line of lines) {
    if (output.isClosed) break;
    if (stop.aborted) throw new Interrupted();
    output.raw(line);
    count += 1;
    await output.drained();
    // Gives the event loop a turn, to notice a signal or a closed pipe.
    if (count % 100 === 0) await setImmediate();
  }
  return count;
}

/** Writes under a temporary name and renames at the end, so that a broken-off export leaves no file. */
async function toFile(lines: AsyncIterable<string>, file: string, { stop }: CliContext): Promise<number> {
  const unfinished = `${file}.unfinished-${String(process.pid)}`;
  const stream = createWriteStream(unfinished, { flags: 'wx', mode: 0o600 });
  const written = finished(stream);
  // Awaited below. Until then a rejection must not count as unhandled.
  written.catch(() => undefined);
  let count = 0;
  try {
    await once(stream, 'open');
    for await (const line of lines) {
      if (stop.aborted) throw new Interrupted();
      count += 1;
      if (!stream.write(line)) await Promise.race([once(stream, 'drain'), written]);
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
