import { createMinHeap } from './min-heap.js';
import type { ReadyHeads, WaitingHead } from './ready-heads.js';

/** Heads that wait for their next attempt, soonest due first. */
export interface WaitingHeads {
  push(entry: WaitingHead): void;
  /** How long until one is due; `Infinity` when none waits. */
  dueInMs(nowMs: number): number;
  /** Makes those that are due ready. */
  wakeDue(nowMs: number): void;
  /** Whether so many wait, or failed and are due again, that forgetting half of them makes room for a while. */
  canForget(): boolean;
  /** Takes about half of those: the ones that are due last. */
  takeLatestHalf(): WaitingHead[];
}

/** Only with more than `minCount` of them it pays to forget some. */
export function createWaitingHeads(ready: ReadyHeads, minCount: number): WaitingHeads {
  const waiting = createMinHeap<WaitingHead>((entry) => entry.dueAtMs);
  return {
    push(entry) {
      waiting.push(entry);
    },
    dueInMs(nowMs) {
      const next = waiting.peek();
      return next === undefined ? Infinity : Math.max(0, next.dueAtMs - nowMs);
    },
    wakeDue(nowMs) {
      for (let next = waiting.peek(); next !== undefined && next.dueAtMs <= nowMs; next = waiting.peek()) {
        waiting.pop();
        ready.add(next);
      }
    },
    canForget: () =>
      waiting.size + ready.failing.size > minCount && (waiting.some(isStored) || ready.failing.some(isStored)),
    takeLatestHalf() {
      const all = [...waiting.takeAll(isStored), ...ready.failing.takeAll(isStored)];
      all.sort((a, b) => a.dueAtMs - b.dueAtMs);
      const kept = all.length >> 1;
      for (const entry of all.slice(0, kept)) waiting.push(entry);
      return all.slice(kept);
    },
  };
}

/** Whether the outbox has the instant at which it is due, so that it can be found there. */
const isStored = ({ head }: WaitingHead): boolean => head.nextAttemptAt > 0;
