import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { CliContext } from './cli-context.js';
import { CliFailure, UsageFailure } from './cli-failure.js';
import { interruptible } from './interruptible.js';

/** The JSON object that an option holds, names as `@FILE`, or has on standard input (`-`); undefined without the option. */
export async function objectOf(
  option: string,
  given: string | undefined,
  { stdin, stop }: CliContext,
): Promise<Record<string, unknown> | undefined> {
  if (given === undefined) return undefined;
  let json = given;
  if (given === '-') json = await interruptible(text(stdin), stop);
  else if (given.startsWith('@')) json = textIn(given.slice(1), option);
  const value = parsed(json);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageFailure(`${option} must be a JSON object, such as '{"session_name":"Yoga"}'`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // What the parser says quotes the text, which may be personal.
    return undefined;
  }
}

function textIn(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliFailure(`${option}: the file ${file} cannot be read (${code})`, code);
  }
}
