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
      if (target?.pause?.cause.kind === 'byHand') return 'when somebody resumes delivery';
      return target?.pause?.cause.kind === 'pausesUnknown'
        ? 'once it is known what is paused by hand'
        : `once ${entry.target} takes notifications again`;
    case 'instant':
      return `at ${timeText(entry.nextAttemptAt)}`;
    case 'nothing':
      return 'now';
  }
}

/** Why a notification of a target cannot be tried now; empty if it can, as far as that is known. */
export function notNowText(target: Overview['targets'][number] | undefined): string {
  if (target?.pause?.cause.kind !== 'byHand') return '';
  const { by } = target.pause.cause;
  return `Delivery to ${target.name} is paused ${by === null ? 'by hand' : `by ${by}`}; resume it first.`;
}

function isPaused({ circuit, pause }: Overview['targets'][number]): boolean {
  return pause !== null || circuit === 'open' || circuit === 'half-open';
}
