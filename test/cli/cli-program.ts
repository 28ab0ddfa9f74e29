import { spawn } from 'node:child_process';
import { join } from 'node:path';

const main = join(__dirname, '../../dist/cjs/cli/main.js');
export const cliToken = 'cli-token-0123456789';

export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line, running in its own process. */
export interface CliProgram {
  readonly pid: number;
  /** Writes a line to standard input. */
  type(line: string): void;
  /** Resolves once standard output or standard error contains the text; rejects if the process ends before that. */
  printed(text: string): Promise<void>;
  /** Closes our end of its standard output, as a reader does that leaves. */
  closeOutput(): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<CliEnd>;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** By default not the project's directory, where a developer may have a `.env`. */
  readonly cwd?: string;
  /** The whole standard input. Without it the input stays open, for `type`. */
  readonly input?: string;
}

/** Starts command lines. Those still running after a test are killed. */
export function useCli(): (args: readonly string[], options?: CliOptions) => CliProgram {
  const running = new Set<CliProgram>();
  afterEach(async () => {
    for (const program of running) program.kill('SIGKILL');
    await Promise.all([...running].map((program) => program.ended));
  });
  return (args, options) => {
    const program = startCli(args, options);
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
}

/** Runs command lines and waits for them to end. */
export function useCliRuns(): (args: readonly string[], options?: CliOptions) => Promise<CliEnd> {
  const start = useCli();
  return (args, options) => start(args, { input: '', ...options }).ended;
}

/** Parses what a command printed with `--json`. Fails on a line that is not JSON. */
export function objectsIn({ stdout }: CliEnd): Record<string, unknown>[] {
  const lines = stdout.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function startCli(args: readonly string[], { env = {}, cwd = __dirname, input }: CliOptions = {}): CliProgram {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    // Not jest's own environment: no CRM_* variables, no NODE_ENV.
    env: { PATH: process.env['PATH'], CRM_AUTH_TOKEN: cliToken, ...env },
    stdio: 'pipe',
  });
  const waiting = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  let isEnded = false;
  const check = (): void => {
    for (const waiter of waiting) waiter();
  };
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    check();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    check();
  });
  const ended = new Promise<CliEnd>((resolve) => {
    child.once('close', (code, signal) => {
      isEnded = true;
      check();
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    ended,
    type: (line) => child.stdin.write(`${line}\n`),
    closeOutput: () => child.stdout.destroy(),
    kill: (signal) => child.kill(signal),
    printed: (text) =>
      new Promise((resolve, reject) => {
        const waiter = (): void => {
          const isPrinted = stdout.includes(text) || stderr.includes(text);
          if (!isPrinted && !isEnded) return;
          waiting.delete(waiter);
          if (isPrinted) resolve();
          else reject(new Error(`it ended without "${text}": ${stdout}${stderr}`));
        };
        waiting.add(waiter);
        waiter();
      }),
  };
}
