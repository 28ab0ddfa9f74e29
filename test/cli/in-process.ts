import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from '../../src/cli/run-cli.js';
import { cliToken, type CliEnd } from './cli-program.js';

export interface InProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it stands before a terminal. */
  readonly isTerminal?: boolean;
  /** What is typed; the input ends after it. */
  readonly input?: string;
  readonly stop?: AbortSignal;
}

/** Runs a command line here: as the program does, with streams and an environment of the test's. */
export async function runInProcess(
  args: readonly string[],
  { env = {}, isTerminal = false, input = '', stop = new AbortController().signal }: InProcessOptions = {},
): Promise<Omit<CliEnd, 'signal'>> {
  const stream = (): PassThrough => Object.assign(new PassThrough(), { isTTY: isTerminal });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  const read = Promise.all([text(stdout), text(stderr)]);
  stdin.end(input);
  const code = await runCli(args, { stdin, stdout, stderr, env: { CRM_AUTH_TOKEN: cliToken, ...env }, stop });
  stdout.end();
  stderr.end();
  const [out, err] = await read;
  return { code, stdout: out, stderr: err };
}
