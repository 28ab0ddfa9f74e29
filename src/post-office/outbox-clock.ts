import type { Clock } from '../core/clock.js';
import { createSteadyClock, type SteadyClock, type Use } from '../core/steady-clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { DeliveryLeader } from './store.js';

/**
 * The steady clock that an outbox goes by. When the outbox is made anew from two files, each of which went by a clock of its
 * own, this one goes on from the one that was further ahead, as the outbox does.
 */
export async function startOutboxClock(
  outbox: Outbox,
  leader: DeliveryLeader | undefined,
  clock: Clock,
): Promise<SteadyClock> {
  // An empty outbox of nobody else has nothing in it that could look old, so the wall clock is taken for right.
  const isAlone = leader === undefined || (await leads(leader));
  const steady = createSteadyClock(clock, useBefore(outbox, isAlone));
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
    goOn() {
      followOutbox();
      return steady.goOn();
    },
  };
}

/** Why the leader cannot be asked is for the delivery to report; it must not keep the outbox from being opened. */
async function leads(leader: DeliveryLeader): Promise<boolean> {
  try {
    return await leader.ask();
  } catch {
    return false;
  }
}

function useBefore(outbox: Outbox, isAlone: boolean): Use {
  const { pending, dead } = outbox.counts();
  if (isAlone && pending + dead === 0) return { from: 0, to: 0 };
  const { from, to } = outbox.lastUse();
  // Where another process is at work there was no pause to speak of, whatever the wall clock shows.
  return isAlone ? { from, to } : { from: to, to };
}
