import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { TimelineEntry } from './timeline-entry.js';

type Delivered = Extract<DeliveryEvent, { kind: 'delivered' }>;

/** What has happened to notifications since the last report, in bounded memory. */
export interface TimelineBuffer {
  /** Called for each delivered notification, so it costs next to nothing. */
  addDelivered(event: Delivered): void;
  add(entry: TimelineEntry): void;
  /** Empties it. */
  take(): TakenTimelines;
  /** These could not be reported. */
  putBack(taken: TakenTimelines): void;
  readonly isEmpty: boolean;
}

export interface TakenTimelines {
  readonly entries: readonly TimelineEntry[];
  /** The latest, oldest first. */
  readonly delivered: readonly Delivered[];
}

/** Between two reports; what happens beyond that is too much to read in any case. */
const maxBuffered = 2_000;
/** The same of delivered ones. To write them takes 4 ms for each thousand, in which nothing is accepted. */
const maxDeliveredBuffered = 5_000;

/** `kept`: how many delivered ones are kept; none if it is 0. */
export function createTimelineBuffer(kept: number): TimelineBuffer {
  const maxDelivered = Math.min(kept, maxDeliveredBuffered);
  let entries: TimelineEntry[] = [];
  let delivered: Delivered[] = [];
  /** Once there are as many as are kept, the place of the oldest. */
  let oldest = 0;

  const addDelivered = (event: Delivered): void => {
    if (delivered.length < maxDelivered) delivered.push(event);
    else if (maxDelivered > 0) {
      delivered[oldest] = event;
      oldest = oldest + 1 === maxDelivered ? 0 : oldest + 1;
    }
  };

  return {
    addDelivered,
    add(entry) {
      const last = entries.at(-1);
      if (last !== undefined && isSameProbe(last, entry)) entries[entries.length - 1] = joined(last, entry);
      else entries.push(entry);
      if (entries.length >= 2 * maxBuffered) entries = entries.slice(-maxBuffered);
    },
    take() {
      const taken = {
        entries: entries.slice(-maxBuffered),
        delivered: [...delivered.slice(oldest), ...delivered.slice(0, oldest)],
      };
      entries = [];
      delivered = [];
      oldest = 0;
      return taken;
    },
    putBack(taken) {
      const later = [...delivered.slice(oldest), ...delivered.slice(0, oldest)];
      entries = [...taken.entries, ...entries].slice(-maxBuffered);
      delivered = [];
      oldest = 0;
      for (const event of [...taken.delivered, ...later]) addDelivered(event);
    },
    get isEmpty() {
      return entries.length === 0 && delivered.length === 0;
    },
  };
}

/** Probes that were never sent are one entry. */
export function isSameProbe(last: TimelineEntry, next: TimelineEntry): boolean {
  return (
    next.kind === 'unsent' &&
    last.kind === 'unsent' &&
    next.id === last.id &&
    next.target === last.target &&
    next.code === last.code
  );
}

/** Two entries that are alike as one. */
export function joined(last: TimelineEntry, next: TimelineEntry): TimelineEntry {
  return { ...last, lastAt: next.lastAt, count: last.count + next.count, durationMs: next.durationMs };
}
