import type { Clock } from '../core/clock.js';
import { CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';

export interface SharedAnswerOptions<Value> {
  readonly ask: () => Promise<Value>;
  readonly encode: (value: Value) => Buffer;
  readonly clock: Clock;
  /** How old an answer may be, in milliseconds. */
  readonly maxAgeMs: number;
  /** How long an answer is waited for, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * One answer for all who ask at about the same time, as bytes that they share. However many ask, one question is under way
 * at a time; an answer that does not come in time is waited for further, but by nobody in particular.
 */
export function createSharedAnswer<Value>(options: SharedAnswerOptions<Value>): () => Promise<Buffer> {
  const { ask, encode, clock, maxAgeMs, timeoutMs } = options;
  let asking: Promise<Value> | undefined;
  let answer: Promise<Buffer> | undefined;
  let answerAtMs = 0;

  const askOnce = (): Promise<Value> => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return () => {
    const nowMs = clock.monotonicMs();
    if (answer !== undefined && nowMs - answerAtMs < maxAgeMs) return answer;
    answerAtMs = nowMs;
    answer = within(askOnce(), timeoutMs, clock, () => new CRMOutboxError('the outbox does not answer')).then(encode);
    return answer;
  };
}
