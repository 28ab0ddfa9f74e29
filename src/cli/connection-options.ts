import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ServiceOptions } from '../config/settings.js';
import type { Logger } from '../telemetry/logger.js';
import type { CliContext } from './cli-context.js';
import { CliFailure } from './cli-failure.js';
import { baseUrl, milliseconds } from './option-values.js';

/** Where the CRM is and how it is spoken to. */
export interface ConnectionOptions {
  readonly baseUrl?: string;
  readonly tokenFile?: string;
  readonly timeoutMs?: number;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--base-url <url>', 'where the CRM is (CRM_BASE_URL, else http://localhost:5001)', baseUrl)
    .option('--token-file <file>', 'a file with the token, instead of CRM_AUTH_TOKEN')
    .option('--timeout-ms <ms>', 'how long an answer may take (CRM_TIMEOUT_MS, else 10000)', milliseconds);
}

/** The same, as the library takes it; the rest comes from the environment, as everywhere. */
export function serviceOptionsOf(options: ConnectionOptions, context: CliContext, logger: Logger): ServiceOptions {
  return {
    baseUrl: options.baseUrl,
    authToken: options.tokenFile === undefined ? undefined : tokenIn(options.tokenFile),
    timeoutMs: options.timeoutMs,
    logger,
    env: context.env,
  };
}

/** The token in a file, as an option names it. */
export function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliFailure(`the token's file ${file} cannot be read (${code})`, code);
  }
}
