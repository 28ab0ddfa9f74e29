import type { PendingNotification } from '../outbox/outbox.js';
import type { BatchLimits, Target } from '../target/target.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Chosen, HeadChoice } from './head-choice.js';
import type { Lanes } from './lanes.js';

export interface CompanionOptions {
  readonly target: Pick<Target, 'batch'>;
  readonly lanes: Pick<Lanes, 'take' | 'putBack'>;
  readonly choice: Pick<HeadChoice, 'isTroubled'>;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'isStartingSlowly'>;
  /** How the head was chosen. */
  readonly chosen: Chosen;
  readonly nowMs: number;
}

/**
 * Takes the heads of other lanes that are sent in one request with this one, where the target takes several. While some hurt the
 * target, or it has just come back, each goes alone, so that what is to blame is found; and the more often one has failed, the
 * fewer share its request.
 */
export function takeCompanions(head: PendingNotification, options: CompanionOptions): PendingNotification[] {
  const { target, lanes, choice, breaker, chosen, nowMs } = options;
  const { batch } = target;
  if (batch === undefined || choice.isTroubled || chosen.standing !== 'fresh') return [];
  if (breaker.state !== 'closed' || breaker.isStartingSlowly || !batch.mayShare(head)) return [];
  const companions: PendingNotification[] = [];
  let mostCount = mostWith(head, batch);
  let bytes = head.body.byteLength;
  while (companions.length + 1 < mostCount) {
    const next = lanes.take(nowMs, ({ fresh }) => fresh.pop());
    if (next === undefined) break;
    mostCount = Math.min(mostCount, mostWith(next, batch));
    bytes += next.body.byteLength + separatorBytes;
    if (companions.length + 1 >= mostCount || bytes > batch.maxBytes || !batch.mayShare(next)) {
      lanes.putBack(next, 0, 'responded');
      break;
    }
    companions.push(next);
  }
  return companions;
}

/** A quarter as many after each failure: a batch of 500 that one of them spoils is down to that one after five. */
function mostWith({ attempts }: PendingNotification, { maxCount }: BatchLimits): number {
  return Math.max(1, Math.floor(maxCount / 4 ** Math.min(attempts, 16)));
}

/** What a format writes between two. */
const separatorBytes = 2;
