import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { Outbox } from '../outbox/outbox.js';
import { countsOf } from './counts-of.js';
import type { Deliverer } from './deliverer.js';

interface Delivering {
  readonly outbox: Outbox;
  readonly deliverer: Deliverer;
}

const pollEveryMs = 50;

/** Resolves when nothing is due any more, or at the time limit. */
export async function untilIdle(delivering: Delivering, timeoutMs: number, clock: Clock): Promise<void> {
  const wait = { isOver: false };
  await doneOrTimedOut(idle(delivering, wait, clock), timeoutMs, clock);
  wait.isOver = true;
}

/** Polls while another process delivers; this one's own delivery says when it is idle. */
async function idle(
  { outbox, deliverer }: Delivering,
  wait: { readonly isOver: boolean },
  clock: Clock,
): Promise<void> {
  while (deliverer.delivery === undefined && !wait.isOver && (countsOf(outbox)?.pending ?? 0) > 0) {
    await new Promise<void>((resolve) => void clock.after(pollEveryMs, resolve));
  }
  await deliverer.delivery?.whenIdle();
}
