import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from '../../src/cli/run-cli.js';
import { cliToken, type CliEnd } from './cli-program.js';

export interface InProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its streams are a terminal. */
  readonly isTerminal?: boolean;
  /** The whole standard input. */
  readonly input?: string;
  /** Where `.env` is looked for. By default not the project's, where a developer may have one. */
  readonly cwd?: string;
  readonly stop?: AbortSignal;
  /** The width of the terminal. */
  readonly columns?: number;
}

/** Runs a command line in this process, with the streams and the environment that the test gives. */
export async function runInProcess(
  args: readonly string[],
  {
    env = {},
    isTerminal = false,
    input = '',
    cwd = __dirname,
    stop = new AbortController().signal,
    columns,
  }: InProcessOptions = {},
): Promise<Omit<CliEnd, 'signal'>> {
  const stream = (): PassThrough => Object.assign(new PassThrough(), { isTTY: isTerminal, columns });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  const read = Promise.all([text(stdout), text(stderr)]);
  stdin.end(input);
  const given = { CRM_AUTH_TOKEN: cliToken, ...env };
  const code = await runCli(args, { stdin, stdout, stderr, env: given, cwd, stop });
  stdout.end();
  stderr.end();
  const [out, err] = await read;
  return { code, stdout: out, stderr: err };
}
