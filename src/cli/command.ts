import type { Readable } from 'node:stream';
import { CommanderError, type Command } from 'commander';
import { CRMConfigError, CRMNotificationError, CRMValidationError } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { readEnvFile, type EnvFile } from './env-file.js';
import { createOutput, createStderrLogger, type MaybeTerminal, type Output, type OutputStreams } from './output.js';

/** Everything a command uses of its process. */
export interface CliContext extends OutputStreams {
  readonly stdin: MaybeTerminal<Readable>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, where `.env` is looked for. */
  readonly cwd: string;
  /** Aborted when the process is asked to stop; the reason is the signal's name. */
  readonly stop: AbortSignal;
}

/** What a command gets when it runs. */
export interface CommandSession<Options> {
  /** Its `env` has the variables of `envFile` too. */
  readonly context: CliContext;
  /** The file of variables that was read, if any. */
  readonly envFile: EnvFile | undefined;
  readonly options: Options;
  readonly output: Output;
  /** Takes the library's log lines. */
  readonly logger: Logger;
}

/** The options that every command has. */
export interface CommonOptions {
  readonly envFile?: string;
  readonly json?: true;
  readonly verbose?: true;
}

/** How a command ended: exit code 0 or 1. */
type CommandEnd = 'done' | 'failed';

/** A failure that a command expects. Only its message is shown. */
export class CliFailure extends Error {
  /** Stable, for programs. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The command line itself is wrong. The message is shown with the command's usage; exit code 2. */
export class UsageFailure extends Error {}

/** The process was asked to stop while a command was waiting. Exit code 130 or 143. */
export class Interrupted extends Error {}

/** The code of a `CommanderError` for a failure that was already reported: exit code 1. */
export const failedCode = 'crm-notifier.failed';

/** Adds the common options and the action to a command. What the action throws becomes a message and an exit code. */
export function setAction<Options extends CommonOptions>(
  command: Command,
  context: CliContext,
  run: (session: CommandSession<Options>, args: readonly unknown[]) => Promise<CommandEnd>,
): Command {
  return command
    .option('--env-file <file>', 'read variables from this file; the environment wins (default: .env, if there is one)')
    .option('--json', 'print only JSON on standard output, one object per line')
    .option('--verbose', 'print more details on standard error')
    .action(async () => {
      const options = command.opts<Options>();
      const output = createOutput(context, options.json ?? false);
      let end: CommandEnd;
      try {
        const { env, envFile, problem } = readEnvFile(options.envFile, context.env, context.cwd);
        if (problem !== undefined && options.envFile !== undefined) throw new UsageFailure(`--env-file: ${problem}`);
        // Not a failure: a service manager may have read `.env` as root and passed its variables on.
        if (problem !== undefined) output.note(`${problem}; going on without it.`);
        const logger = createStderrLogger({ ...context, env }, options.verbose ?? false);
        const session = { context: { ...context, env }, envFile, options, output, logger };
        end = await run(session, command.processedArgs);
      } catch (error) {
        // Commander prints the usage below the message.
        if (error instanceof UsageFailure || error instanceof CRMValidationError)
          command.error(`error: ${messageOf(error)}`);
        if (error instanceof CommanderError || error instanceof Interrupted) throw error;
        const failure = failureOf(error);
        if (output.isJson) output.result({ error: failure }, '');
        output.note(`error: ${failure.message}`);
        end = 'failed';
      }
      if (end === 'failed') throw new CommanderError(1, failedCode, '');
    });
}

/** Resolves with the result of `work`, or rejects with `Interrupted` as soon as the process is asked to stop. */
export async function interruptible<Value>(work: Promise<Value>, stop: AbortSignal): Promise<Value> {
  let onStop: (() => void) | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onStop = (): void => {
      reject(new Interrupted());
    };
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (onStop !== undefined) stop.removeEventListener('abort', onStop);
  }
}

/** Code and message of an expected error. Rethrows any other: it is a bug, and its stack is worth seeing. */
function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CliFailure || error instanceof CRMNotificationError) {
    return { code: error.code, message: messageOf(error) };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  // From the file system or SQLite.
  if (typeof code === 'string' && !code.startsWith('ERR_INTERNAL')) return { code, message };
  throw error;
}

function messageOf(error: Error): string {
  if (!(error instanceof CRMConfigError)) return error.message;
  return error.issues.map(({ path, message }) => `${path} ${message}`).join('; ');
}
