/** Selects pending notifications; by default all. */
export interface PendingFilter {
  /** Only those with this text in their id, type or lane; a to z are the same as A to Z. */
  readonly search?: string | undefined;
  /** Only those for this target. */
  readonly target?: string | undefined;
  /** Only those of exactly this type. */
  readonly type?: string | undefined;
  /** Only those of exactly this lane, such as `booking:456`. */
  readonly lane?: string | undefined;
  /** Only those with no attempt so far, or only those with some. */
  readonly attempts?: 'none' | 'some' | undefined;
  /** Only those accepted, or redelivered, at this instant or later, in milliseconds since 1970. */
  readonly from?: number | undefined;
  /** Only those accepted, or redelivered, before this instant. */
  readonly to?: number | undefined;
}

/**
 * Which pending notifications to list.
 * @example await crm.pending.list({ lane: 'booking:456', limit: 50 });
 */
export interface PendingQuery extends PendingFilter {
  readonly limit: number;
  /** Only those after this place. */
  readonly after?: number | undefined;
}

/** A pending notification as it is listed: without its body. */
export interface PendingEntry {
  readonly target: string;
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  readonly occurredAt: number;
  /** The instant its age is counted from: its acceptance, or its redelivery. */
  readonly acceptedAt: number;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The next attempt is not made before this instant; 0 for at once. */
  readonly nextAttemptAt: number;
  readonly traceparent: string | undefined;
  /** Whether one before it in its lane is still pending: it is delivered after that one. */
  readonly waitsInLane: boolean;
  /** Its place in the list of all targets; pass it as `after` to continue listing from here. */
  readonly place: number;
}

/** How many pending notifications match. */
export interface PendingCount {
  readonly count: number;
  /** Whether there may be more: the count ends at 10,000, unless all are counted or all of a target. */
  readonly isAtLeast: boolean;
}

/** A part of the pending notifications, in the order of their places. */
export interface PendingRange extends PendingFilter {
  /** Only those after this place. */
  readonly after: number;
  /** How many to check, whether they match or not, so that no call takes long. */
  readonly limit: number;
}

/** Those of a range that match. */
export interface PendingPiece {
  readonly entries: readonly PendingEntry[];
  /** Pass this as `after` to continue; undefined at the end. */
  readonly next: number | undefined;
}

/** What the next attempt of a pending notification waits for. */
export type NextAttempt = 'pause' | 'lane' | 'instant' | 'nothing';

/** `isPaused` says whether delivery to its target is paused. */
export function nextAttemptOf(
  { waitsInLane, nextAttemptAt }: Pick<PendingEntry, 'waitsInLane' | 'nextAttemptAt'>,
  now: number,
  isPaused: boolean,
): NextAttempt {
  if (waitsInLane) return 'lane';
  if (isPaused) return 'pause';
  return nextAttemptAt > now ? 'instant' : 'nothing';
}
