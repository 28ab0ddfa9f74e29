import { join } from 'node:path';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { objectsIn, type CliEnd } from '../cli-program.js';
import { runInProcess, type InProcessOptions } from '../in-process.js';

type End = Omit<CliEnd, 'signal'>;

export interface OutboxCli {
  /** A temporary directory of the test. */
  directory(): string;
  /** The directory of the outbox, in there. It does not exist at first. */
  place(): string;
  /** Runs `crm-notifier outbox …` on that outbox, in this process. */
  run(args: readonly string[], options?: InProcessOptions): Promise<End>;
  /** Runs it with `--json`, expects success and returns the objects it printed. */
  objects(...args: string[]): Promise<Record<string, unknown>[]>;
  /** The same, but returns the ids only. */
  idsFrom(...args: string[]): Promise<unknown[]>;
}

/** Gives each test of a file an outbox directory of its own, and runs commands on it. */
export function useOutboxCli(): OutboxCli {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), 'outbox');
  const run = (args: readonly string[], options: InProcessOptions = {}): Promise<End> =>
    runInProcess(['outbox', ...args, '--outbox', place()], options);
  const objects = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const end = await run([...args, '--json']);
    expect(end.code).toBe(0);
    return objectsIn({ ...end, signal: null });
  };
  const idsFrom = async (...args: string[]): Promise<unknown[]> => (await objects(...args)).map(({ id }) => id);
  return { directory, place, run, objects, idsFrom };
}

export const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
