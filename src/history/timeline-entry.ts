import type { LanePlace } from '../outbox/outbox.js';

/** What happened to a notification for one target, or, with an empty id, to all of that target. Instants are in milliseconds since 1970. */
export interface TimelineEntry {
  /** Empty for what concerns more than one: a pause, or a change of all dead letters that match. */
  readonly id: string;
  /** Empty for all targets. */
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  /**
   * `retry`: an attempt failed, and another follows. `unsent`: there was no connection, so it was no attempt. `refused`: the CRM
   * refused the token. `dead`, `delivered`: what became of it. `redelivered`, `discarded`: somebody has changed it. `paused`,
   * `resumed`: delivery to its target was.
   */
  readonly kind: TimelineKind;
  /** When it happened; of several alike, when the first did. */
  readonly at: number;
  /** When the last of several alike happened. */
  readonly lastAt: number;
  /** How many alike. Of a change of all that match: how many were changed. */
  readonly count: number;
  /** Attempts made by then. */
  readonly attempts: number;
  /** The HTTP status, if there was one. */
  readonly status: number | null;
  /** Without a status: the code of the failure, the kind of the reason, or the cause of the pause. */
  readonly code: string | null;
  readonly durationMs: number | null;
  /** The CRM's own words, scrubbed and bounded, or ours. Of a change of all that match: the filter, as JSON. */
  readonly detail: string;
  /** Who asked for it, as far as the app says it. */
  readonly by: string | null;
}

export type TimelineKind =
  'retry' | 'unsent' | 'refused' | 'dead' | 'delivered' | 'redelivered' | 'discarded' | 'paused' | 'resumed';

/** What a person does to dead letters. */
export type ChangeKind = Extract<TimelineKind, 'redelivered' | 'discarded'>;

/** What people have done since an instant: to dead letters, and to pause and resume delivery. */
export interface Changes {
  /** How many they have redelivered and discarded. */
  readonly redelivered: number;
  readonly discarded: number;
  /** Newest first, 20 at most; also who paused and resumed delivery (`paused`, `resumed`). */
  readonly latest: readonly TimelineEntry[];
}

export const changeKinds = ['redelivered', 'discarded'] as const satisfies readonly ChangeKind[];
export const maxLatestChanges = 20;

/** A notification that its target has taken. */
export interface DeliveredNotification {
  readonly id: string;
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  /** The instant its age was counted from: its acceptance, or its redelivery. In milliseconds since 1970, as the next. */
  readonly acceptedAt: number;
  readonly deliveredAt: number;
  readonly attempts: number;
  readonly status: number;
  /** How long the last attempt took. */
  readonly durationMs: number;
  /** Its place among them; pass it as `before` to continue listing from here. */
  readonly position: number;
}

/** Selects delivered notifications; by default all that are kept. */
export interface DeliveredFilter {
  /** Only those with this text in their id, type, lane or status; a to z are the same as A to Z. */
  readonly search?: string | undefined;
  /** Only those of this target. */
  readonly target?: string | undefined;
  /** Only those of exactly this type. */
  readonly type?: string | undefined;
  /** Only those of exactly this lane, such as `booking:456`. */
  readonly lane?: string | undefined;
  /** Only those that were delivered at this instant or later, in milliseconds since 1970. */
  readonly from?: number | undefined;
  /** Only those that were delivered before this instant. */
  readonly to?: number | undefined;
}

/**
 * Which delivered notifications to list.
 * @example await crm.delivered.list({ lane: 'booking:456', limit: 50 });
 */
export interface DeliveredQuery extends DeliveredFilter {
  readonly limit: number;
  /** Only those below this position. */
  readonly before?: number | undefined;
}

/** How many delivered notifications are kept, and for how long. */
export interface KeptDelivered {
  readonly count: number;
  readonly ms: number;
}

/** For a process that only looks, or changes something: it drops nothing. */
export const keepAll: KeptDelivered = { count: Number.MAX_SAFE_INTEGER, ms: Number.MAX_SAFE_INTEGER };

/** What is kept of one notification. */
export interface KeptTimeline {
  /** Its own, and those of all, in the order in which they were kept. */
  readonly entries: readonly TimelineEntry[];
  readonly delivered: readonly DeliveredNotification[];
}

/** What is known of a notification. */
export interface Timeline {
  readonly id: string;
  /** When it was accepted, as its id says, in milliseconds since 1970; undefined for an id of another kind. */
  readonly acceptedAt: number | undefined;
  /** For each target that something is known of; empty if nothing is. */
  readonly targets: readonly TargetTimeline[];
}

/** What is known of a notification for one target. */
export interface TargetTimeline {
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  /** `gone`: it is no longer in the outbox, and it is not known why. */
  readonly state: 'pending' | 'dead' | 'delivered' | 'discarded' | 'gone';
  /** What happened, oldest first. */
  readonly entries: readonly TimelineEntry[];
  /** While it is pending: the next attempt is not made before this instant; 0 for at once. */
  readonly nextAttemptAt: number | undefined;
  /** While it is pending: what waits in its lane before and after it. */
  readonly place: LanePlace | undefined;
}

/** How long failed attempts, deaths and changes are kept, in milliseconds, and how many of them; of one notification at most 50. */
export const entriesKeptMs = 8 * 24 * 3_600_000;
export const maxEntries = 20_000;
/** Of a notification with more, the first few and the latest are kept. */
export const firstKept = 10;
export const latestKept = 40;
/** So many attempts, and there may be too many entries. */
const manyAttempts = 10;
/** Of what concerns all notifications, so many are read for one of them, the latest. */
export const maxOfAll = 500;

/** Whether the notification of this entry may have more entries than are kept. */
export function mayHaveMany({ id, attempts, kind }: TimelineEntry): boolean {
  return id !== '' && (attempts > manyAttempts || kind === 'redelivered');
}
