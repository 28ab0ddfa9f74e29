import { once } from 'node:events';
import { clearLine, cursorTo } from 'node:readline';
import type { Writable } from 'node:stream';
import type { LogFields, Logger } from '../telemetry/logger.js';
import { scrubText } from '../telemetry/redact.js';

/** A stream that may be a terminal, and then has a width in columns. */
export type MaybeTerminal<Stream> = Stream & { readonly isTTY?: boolean | undefined; readonly columns?: number };

export interface OutputStreams {
  readonly stdout: MaybeTerminal<Writable>;
  readonly stderr: MaybeTerminal<Writable>;
}

/** Prints what a command has to show. If the reader of a pipe has left, the text is dropped; that is not a failure. */
export interface Output {
  readonly isJson: boolean;
  /** Whether the reader of standard output has left. */
  readonly isClosed: boolean;
  /** Prints a result on standard output: with `--json` the object on one line, otherwise the text. */
  result(value: object, text: string): void;
  /** Prints text on standard output that is safe to show, as it is. */
  raw(text: string): void;
  /** Resolves when standard output has room for more results. */
  drained(): Promise<void>;
  /** Prints a note for people on standard error. */
  note(text: string): void;
}

export function createOutput({ stdout, stderr }: OutputStreams, isJson: boolean): Output {
  return {
    isJson,
    get isClosed() {
      return !stdout.writable;
    },
    result(value, text) {
      if (stdout.writable) stdout.write(`${isJson ? safeJson(value) : withoutControls(text)}\n`);
    },
    raw(text) {
      if (stdout.writable) stdout.write(text);
    },
    async drained() {
      // If the pipe breaks meanwhile, stop waiting; main.ts handles the stream's error.
      if (stdout.writable && stdout.writableNeedDrain) await once(stdout, 'drain').catch(() => undefined);
    },
    note(text) {
      if (stderr.writable) stderr.write(`${withoutControls(text)}\n`);
    },
  };
}

/** Characters that JSON leaves unescaped and a terminal may obey: C1 controls, line separators, changes of direction. */
const unsafeInJson = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Formats a value as JSON with everything escaped that a terminal might obey. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    unsafeInJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Makes text from elsewhere safe to show on one line: removes escapes, control characters and e-mail addresses. */
export function safeText(text: string, maxLength = 1024): string {
  return scrubText(text, [], maxLength);
}

/** Removes control characters but keeps line breaks: for our own text, which may quote what the user typed. */
export function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '');
}

const maxCellLength = 60;

/** Formats a table for people, each column as wide as its widest cell. Cells are made safe to show. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map((cell) => safeText(cell, maxCellLength)))];
  const widths = header.map((_name, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const textOf = (line: readonly string[]): string =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return lines.map(textOf).join('\n');
}

const barWidth = 40;

/** Draws a progress bar on the current line of a terminal, over the one drawn before; cut to the terminal's width. */
export function drawBar(terminal: OutputStreams['stderr'], done: number, total: number, note: string): void {
  if (!terminal.writable) return;
  const share = total === 0 ? 1 : done / total;
  const bar = '='.repeat(Math.round(share * barWidth)).padEnd(barWidth);
  const line = `[${bar}] ${String(Math.floor(share * 100))}%  ${String(done)} of ${String(total)}${note}`;
  cursorTo(terminal, 0);
  // A line as wide as the terminal would wrap.
  terminal.write(line.slice(0, (terminal.columns ?? 80) - 1));
  clearLine(terminal, 1);
}

const levels = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof levels)[number];

/** Prints the library's log lines on standard error in a form for people: level, message, fields. */
export function createStderrLogger(
  { stderr, env }: Pick<OutputStreams, 'stderr'> & { readonly env: Readonly<Record<string, string | undefined>> },
  isVerbose: boolean,
): Logger {
  const lowest = isVerbose ? 'debug' : lowestLevel(env['CRM_LOG_LEVEL']);
  const isLevelEnabled = (level: string): boolean =>
    lowest !== 'silent' && levels.indexOf(level as Level) >= levels.indexOf(lowest);
  const writer =
    (level: Level) =>
    (fields: LogFields, message: string): void => {
      if (!isLevelEnabled(level) || !stderr.writable) return;
      const details = Object.keys(fields).length === 0 ? '' : ` ${safeJson(fields)}`;
      stderr.write(`[${level}] ${safeText(message)}${details}\n`);
    };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    isLevelEnabled,
  };
}

/** Returns a logger that logs errors at debug level: for commands that report the failure themselves. */
export function errorsAsDebug(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.debug(fields, message),
    isLevelEnabled: (level) => logger.isLevelEnabled?.(level) ?? true,
  };
}

/** The lowest level that is shown. An invalid value counts as none here; the library reports it when it reads it. */
function lowestLevel(variable: string | undefined): Level | 'silent' {
  if (variable === 'trace') return 'debug';
  if (variable === 'fatal' || variable === 'silent') return 'silent';
  return levels.find((level) => level === variable) ?? 'warn';
}
