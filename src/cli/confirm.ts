import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { setImmediate } from 'node:timers/promises';
import type { CliContext } from './cli-context.js';
import { UsageFailure } from './cli-failure.js';
import { interruptible } from './interruptible.js';

/** Asks a person whether to do what cannot be undone; elsewhere than on a terminal `--yes` must have said so. */
export async function isConfirmed(question: string, isYes: boolean, context: CliContext): Promise<boolean> {
  if (isYes) return true;
  const { stdin, stderr, stop } = context;
  if (stdin.isTTY !== true || stderr.isTTY !== true) throw new UsageFailure(`${question} Say so with --yes`);
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    // The end of the input is no answer, and so a no; one that was typed right before it counts.
    const ended = once(asking, 'close').then(() => setImmediate(''));
    const answer = await interruptible(Promise.race([asking.question(`${question} [y/N] `), ended]), stop);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
