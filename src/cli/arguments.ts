import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseBaseUrl } from '../client/target-settings.js';
import type { ServiceOptions } from '../config/settings.js';
import type { Id } from '../notification/notification.js';
import type { Logger } from '../telemetry/logger.js';
import { CliFailure, interruptible, UsageFailure, type CliContext } from './command.js';

/** How to reach the CRM. */
export interface ConnectionOptions {
  readonly baseUrl?: string;
  readonly tokenFile?: string;
  readonly timeoutMs?: number;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--base-url <url>', 'the URL of the CRM (default: CRM_BASE_URL, then http://localhost:5001)', parseUrl)
    .option('--token-file <file>', 'read the token from this file instead of CRM_AUTH_TOKEN')
    .option(
      '--timeout-ms <ms>',
      'how long to wait for a response (default: CRM_TIMEOUT_MS, then 10000)',
      parseMilliseconds,
    );
}

/** Turns the connection options into options of the library, which reads the rest from the environment. */
export function serviceOptionsOf(options: ConnectionOptions, context: CliContext, logger: Logger): ServiceOptions {
  return {
    baseUrl: options.baseUrl,
    authToken: options.tokenFile === undefined ? undefined : readTokenFile(options.tokenFile),
    timeoutMs: options.timeoutMs,
    logger,
    env: context.env,
  };
}

export function readTokenFile(file: string): string {
  return readText(file, 'the token file').trim();
}

const tokenRefusal =
  'error: the token cannot be an argument, because every user of this machine can see the arguments of a process. ' +
  'Set CRM_AUTH_TOKEN, or give --token-file FILE. If this was a real token, replace it';

/** Makes the program refuse a token anywhere on the command line, without repeating it. */
export function refuseTokenArguments(program: Command): void {
  for (const name of ['token', 'auth-token']) {
    program.addOption(new Option(`--${name} [value]`).hideHelp());
    program.on(`option:${name}`, () => {
      program.error(tokenRefusal);
    });
  }
}

// The parsers below throw InvalidArgumentError. Commander shows its message after "option '--limit <count>' argument '0'
// is invalid."

/** Returns a parser of whole numbers from `least` to `most`. */
export function wholeNumberFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${String(least)} to ${String(most)}.`);
  };
}

/** The longest time that a timer can wait, in milliseconds. */
export const longestMs = 2 ** 31 - 1;

export const parseMilliseconds = wholeNumberFrom(1, longestMs);

function parseUrl(text: string): string {
  const parsed = parseBaseUrl(text);
  if ('problem' in parsed) throw new InvalidArgumentError(`It ${parsed.problem}.`);
  return text;
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
// Also ids of the app's own. Fewer than 4 characters would match too much.
const shortId = /^[\w.:-]{4,128}$/;

/** Whether this is a whole UUID, as notifications have by default. */
export function isWholeId(id: string): boolean {
  return uuid.test(id);
}

/** Parses the id of a stored notification, which may be shortened. A word such as `all` is refused. */
export function parseNotificationId(text: string): string {
  if (isWholeId(text)) return text.toLowerCase();
  if (shortId.test(text)) return text;
  throw new InvalidArgumentError(
    'Give the id of a notification, as shown by crm-notifier outbox list, or at least 4 characters of its beginning or end.',
  );
}

/** Parses one more of several notification ids; repeated ones are dropped. */
export function parseNotificationIds(text: string, previous: readonly string[] = []): readonly string[] {
  const id = parseNotificationId(text);
  return previous.includes(id) ? previous : [...previous, id];
}

/** The id of a user, booking or event: a number if it is written as one, unless `asText`. The library checks it. */
export function parseId(text: string, asText = false): Id {
  return !asText && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/**
 * Reads the JSON object of an option: from the value itself, from a file (`@FILE`), or from standard input (`-`). Returns
 * undefined without a value. Throws `UsageFailure` for anything but a JSON object.
 */
export async function readJsonObject(
  option: string,
  value: string | undefined,
  { stdin, stop }: CliContext,
): Promise<Record<string, unknown> | undefined> {
  if (value === undefined) return undefined;
  let json = value;
  if (value === '-') json = await interruptible(text(stdin), stop);
  else if (value.startsWith('@')) json = readText(value.slice(1), `${option}: the file`);
  const object = parseJson(json);
  if (typeof object === 'object' && object !== null && !Array.isArray(object)) return object as Record<string, unknown>;
  throw new UsageFailure(`${option} must be a JSON object, such as '{"session_name":"Yoga"}'`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which may be personal data.
    return undefined;
  }
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliFailure(`${what} ${file} cannot be read (${code})`, code);
  }
}
