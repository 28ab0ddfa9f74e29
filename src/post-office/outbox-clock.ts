import type { Clock } from '../core/clock.js';
import { createSteadyClock, type SteadyClock } from '../core/steady-clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Leadership } from './deliverer.js';

/**
 * The steady clock that an outbox goes by. When the outbox is made anew from two files, each of which went by a clock of its
 * own, this one goes on from the one that was further ahead, as the outbox does.
 */
export function createOutboxClock(outbox: Outbox, leadership: Leadership | undefined, clock: Clock): SteadyClock {
  // An empty outbox of nobody else has nothing in it that could look old, so the wall clock is taken for right.
  const isUnused = isEmpty(outbox) && (leadership === undefined || leadership.tryAcquire());
  const steady = createSteadyClock(clock, isUnused ? { from: 0, to: 0 } : outbox.lastUse());
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

function isEmpty(outbox: Outbox): boolean {
  const { pending, dead } = outbox.counts();
  return pending + dead === 0;
}
