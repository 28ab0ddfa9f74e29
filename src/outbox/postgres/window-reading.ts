import type { DuePlace, PendingNotification } from '../outbox.js';
import type { RowWindow } from './window.js';

/** What a delivery reads of a window. */
export function readingOf({ queueOf }: RowWindow): {
  readAfter(target: string, after: number, limit: number): PendingNotification[];
  nextInLane(target: string, lane: string, after: number): PendingNotification | undefined;
  readDue(target: string, after: DuePlace, until: number, limit: number): PendingNotification[];
} {
  return {
    readAfter: (target, after, limit) => queueOf(target).readAfter(after, limit),
    nextInLane: (target, lane, after) => queueOf(target).nextInLane(lane, after),
    readDue: (target, after, until, limit) => queueOf(target).readDue(after, until, limit),
  };
}
