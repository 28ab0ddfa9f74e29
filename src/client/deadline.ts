import type { Clock } from '../core/clock.js';

/** One time limit over several steps, such as asking for a token and then sending. */
export interface Deadline {
  /** The limit as it was set: what an error names. */
  readonly timeoutMs: number;
  /** What is left of it; at least a millisecond, so that whoever waits for it is called back. */
  leftMs(): number;
}

export function startDeadline(timeoutMs: number, clock: Clock): Deadline {
  const startedAtMs = clock.monotonicMs();
  return { timeoutMs, leftMs: () => Math.max(1, timeoutMs - (clock.monotonicMs() - startedAtMs)) };
}
