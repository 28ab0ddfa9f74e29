import type { Pause } from '../../history/history.js';
import { pausedByHand } from '../../history/paused-by-hand.js';
import type { ReadableOutbox } from './open-outbox.js';

/** How delivery goes, as far as the processes that use an outbox have reported it. */
export interface DeliveryState {
  /** Whether a process delivers, but not to this target: then nobody does. False where that is not known. */
  readonly isNeglected: (target: string) => boolean;
  /** What the next attempt waits for while delivery to a target is paused; undefined if it is not. */
  readonly pauseText: (target: string) => string | undefined;
}

export async function readDeliveryState(outbox: ReadableOutbox): Promise<DeliveryState> {
  const leader = (await outbox.processes()).find(({ isLeader }) => isLeader);
  const changes = await outbox.pauseChanges();
  const targets = new Map(Object.entries(leader?.targets ?? {}));
  return {
    // A process that has just begun to deliver has reported none yet.
    isNeglected: (target) => targets.size > 0 && !targets.has(target),
    pauseText: (target) => {
      const byHand = pausedByHand(changes, target);
      if (byHand !== null) return `paused by hand${byHand.by === null ? '' : ` (${byHand.by})`}`;
      const { circuit = 'closed', pause = null } = targets.get(target) ?? {};
      return circuit === 'closed' && pause === null ? undefined : reportedText(pause);
    },
  };
}

/** A resumption by hand may not have been reported yet. */
function reportedText(pause: Pause | null): string {
  return pause?.cause.kind === 'pausesUnknown' ? 'when it can be read what is paused by hand' : 'when delivery goes on';
}

/** Why nobody delivers what is for a target, and what to do. */
export function neglectedText(target: string): string {
  return (
    `no process delivers to the target ${target}: configure it under that name in the process that delivers ` +
    'and restart that one'
  );
}
