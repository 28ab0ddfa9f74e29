import { CommanderError } from 'commander';
import type { CliContext } from './cli-context.js';
import { Interrupted } from './cli-failure.js';
import { failedCode } from './command-action.js';
import { createProgram } from './create-program.js';

/** Runs a command line, without the names of runtime and program; answers the exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return context.stop.reason === 'SIGTERM' ? 143 : 130;
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === failedCode ? error.exitCode : 2;
    throw error;
  }
}
