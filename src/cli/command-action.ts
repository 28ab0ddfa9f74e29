import { CommanderError, type Command } from 'commander';
import { CRMConfigError, CRMNotificationError, CRMValidationError } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { CliContext } from './cli-context.js';
import { CliFailure, Interrupted, UsageFailure } from './cli-failure.js';
import { createOutput, type Output } from './output.js';
import { createStderrLogger } from './stderr-logger.js';

/** What a command has in hand while it runs. */
export interface CommandSession<Options> {
  readonly context: CliContext;
  readonly options: Options;
  readonly output: Output;
  /** For the library's log lines. */
  readonly logger: Logger;
}

/** Whether it went well: the exit code is 0 or 1. */
type CommandEnd = 'done' | 'failed';

/** What every command can be told. */
export interface CommonOptions {
  readonly json?: true;
  readonly verbose?: true;
}

/** Gives a command its options for every command, and what it does; what it throws becomes a message and an exit code. */
export function setAction<Options extends CommonOptions>(
  command: Command,
  context: CliContext,
  run: (session: CommandSession<Options>, args: readonly unknown[]) => Promise<CommandEnd>,
): Command {
  return command
    .option('--json', 'print JSON, one object a line, and nothing else on standard output')
    .option('--verbose', 'show more of what is done, on standard error')
    .action(async () => {
      const options = command.opts<Options>();
      const output = createOutput(context, options.json ?? false);
      const logger = createStderrLogger(context, options.verbose ?? false);
      let end: CommandEnd;
      try {
        end = await run({ context, options, output, logger }, command.processedArgs);
      } catch (error) {
        if (error instanceof UsageFailure || error instanceof CRMValidationError) {
          // Commander shows the usage with it, and ends with exit code 2.
          command.error(`error: ${messageOf(error)}`);
        }
        if (error instanceof CommanderError || error instanceof Interrupted) throw error;
        const failure = failureOf(error);
        if (output.isJson) output.result({ error: failure }, '');
        output.note(`error: ${failure.message}`);
        end = 'failed';
      }
      if (end === 'failed') throw new CommanderError(1, failedCode, '');
    });
}

/** The code of the error that says: it is told already, and the exit code is 1. */
export const failedCode = 'crm-notifier.failed';

/** Of errors that are expected; any other is a defect, and goes on with its stack. */
function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CliFailure || error instanceof CRMNotificationError) {
    return { code: error.code, message: messageOf(error) };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  // Of the file system or of SQLite.
  if (typeof code === 'string' && !code.startsWith('ERR_INTERNAL')) return { code, message };
  throw error;
}

function messageOf(error: Error): string {
  if (!(error instanceof CRMConfigError)) return error.message;
  return error.issues.map(({ path, message }) => `${path} ${message}`).join('; ');
}
