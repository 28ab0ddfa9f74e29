import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { LeadingDelivery } from './leading-delivery.js';
import type { Store } from './store.js';

interface Delivering {
  readonly store: Pick<Store, 'counts'>;
  readonly leading: Pick<LeadingDelivery, 'delivery' | 'wake'>;
}

const pollEveryMs = 50;

/** Resolves when nothing is due any more, or at the time limit. */
export async function untilIdle(delivering: Delivering, timeoutMs: number, clock: Clock): Promise<void> {
  const wait = { isOver: false };
  await doneOrTimedOut(idle(delivering, wait, clock), timeoutMs, clock);
  wait.isOver = true;
}

/** Polls while another process delivers; this one's own delivery says when it is idle. */
async function idle({ store, leading }: Delivering, wait: { readonly isOver: boolean }, clock: Clock): Promise<void> {
  while (leading.delivery === undefined && !wait.isOver && (await pendingIn(store)) > 0) {
    await new Promise<void>((resolve) => void clock.after(pollEveryMs, resolve));
  }
  // It may not have been told yet of what was accepted last.
  leading.wake();
  await leading.delivery?.whenIdle();
}

/** Of one that cannot be asked nothing more can be waited for. */
async function pendingIn(store: Pick<Store, 'counts'>): Promise<number> {
  try {
    return (await store.counts()).pending;
  } catch {
    return 0;
  }
}
