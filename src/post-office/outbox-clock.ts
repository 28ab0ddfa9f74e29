import type { Clock } from '../core/clock.js';
import { createSteadyClock, type SteadyClock, type Use } from '../core/steady-clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { DeliveryLeader } from './store.js';

/**
 * The steady clock of an outbox. When the outbox is recreated from two files that used different clocks, this clock continues
 * from the one that was further ahead, as the outbox does.
 */
export async function startOutboxClock(
  outbox: Outbox,
  leader: DeliveryLeader | undefined,
  clock: Clock,
): Promise<SteadyClock> {
  // An empty outbox that no other process uses has nothing that could look old, so the wall clock is trusted.
  const isLeading = leader === undefined || (await canLead(leader));
  const steady = createSteadyClock(clock, lastUseOf(outbox, isLeading));
  let { generation } = outbox;

  const followOutbox = (): void => {
    if (outbox.generation === generation) return;
    steady.catchUp(outbox.lastUse().to);
    ({ generation } = outbox);
  };

  return {
    ...steady,
    now() {
      followOutbox();
      return steady.now();
    },
    withoutCatchUp() {
      followOutbox();
      return steady.withoutCatchUp();
    },
  };
}

/** Also false if trying fails, which delivery reports; a failure must not keep the outbox from being opened. */
async function canLead(leader: DeliveryLeader): Promise<boolean> {
  try {
    return await leader.tryToLead();
  } catch {
    return false;
  }
}

function lastUseOf(outbox: Outbox, isLeading: boolean): Use {
  const { pending, dead } = outbox.counts();
  if (isLeading && pending + dead === 0) return { from: 0, to: 0 };
  const { from, to } = outbox.lastUse();
  // If another process leads, there was no real pause, whatever the wall clock shows.
  return isLeading ? { from, to } : { from: to, to };
}
