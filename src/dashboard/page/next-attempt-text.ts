import { nextAttemptOf, type PendingEntry } from '../../outbox/outbox.js';
import type { Overview } from '../api-contract.js';
import { timeText } from './element.js';

type Waiting = Pick<PendingEntry, 'target' | 'waitsInLane' | 'nextAttemptAt'>;

/** When the next attempt is made, in words. It is not known before the first overview, which says what is paused. */
export function nextAttemptText(entry: Waiting, overview: Overview | undefined): string {
  if (overview === undefined) return '…';
  const target = overview.targets.find(({ name }) => name === entry.target);
  switch (nextAttemptOf(entry, Date.now(), target !== undefined && isPaused(target))) {
    case 'lane':
      return 'after the one before it in its lane';
    case 'pause':
      return 'paused: when delivery goes on';
    case 'instant':
      return `at ${timeText(entry.nextAttemptAt)}`;
    case 'nothing':
      return 'now';
  }
}

function isPaused({ circuit, pause }: Overview['targets'][number]): boolean {
  return pause !== null || circuit === 'open' || circuit === 'half-open';
}
