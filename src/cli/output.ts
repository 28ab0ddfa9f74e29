import { once } from 'node:events';
import type { CliContext } from './cli-context.js';
import { safeJson, withoutControls } from './safe-text.js';

/** Where a command says what it has to say. What is said to a pipe that nobody reads any more is lost, and no failure. */
export interface Output {
  readonly isJson: boolean;
  /** Whether nobody reads the results any more. */
  readonly isClosed: boolean;
  /** A result: with `--json` the object in one line, otherwise the text. */
  result(value: object, text: string): void;
  /** Many results: resolves when there is room for more. */
  drained(): Promise<void>;
  /** For the people in front of it: on standard error. */
  note(text: string): void;
}

export function createOutput({ stdout, stderr }: Pick<CliContext, 'stdout' | 'stderr'>, isJson: boolean): Output {
  return {
    isJson,
    get isClosed() {
      return !stdout.writable;
    },
    result(value, text) {
      if (stdout.writable) stdout.write(`${isJson ? safeJson(value) : withoutControls(text)}\n`);
    },
    async drained() {
      // A pipe that breaks while we wait is waited for no longer; what broke it has been heard elsewhere.
      if (stdout.writable && stdout.writableNeedDrain) await once(stdout, 'drain').catch(() => undefined);
    },
    note(text) {
      if (stderr.writable) stderr.write(`${withoutControls(text)}\n`);
    },
  };
}
