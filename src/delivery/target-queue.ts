import type { DuePlace, Outbox, PendingNotification } from '../outbox/outbox.js';

/** What waits in an outbox for one target, as that target's delivery reads it; `Outbox` documents each method. */
export interface TargetQueue {
  /** The target's name. */
  readonly target: string;
  readAfter(after: number, limit: number): PendingNotification[];
  nextInLane(lane: string, after: number): PendingNotification | undefined;
  readDue(after: DuePlace, until: number, limit: number): PendingNotification[];
}

export function targetQueue(outbox: Pick<Outbox, 'readAfter' | 'nextInLane' | 'readDue'>, target: string): TargetQueue {
  return {
    target,
    readAfter: (after, limit) => outbox.readAfter(target, after, limit),
    nextInLane: (lane, after) => outbox.nextInLane(target, lane, after),
    readDue: (after, until, limit) => outbox.readDue(target, after, until, limit),
  };
}
