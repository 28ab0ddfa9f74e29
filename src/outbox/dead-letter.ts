/** Selects dead letters; by default all. */
export interface DeadFilter {
  /** Only those with this text in their id, type, lane, status or reason; a to z are the same as A to Z. */
  readonly search?: string | undefined;
  /** Only those of this target. */
  readonly target?: string | undefined;
  /** Only those of exactly this type. */
  readonly type?: string | undefined;
  /** Only those of exactly this lane, such as `booking:456`. */
  readonly lane?: string | undefined;
  /** Only those with this kind of reason. */
  readonly reason?: DeadReason['kind'] | undefined;
  /** Only those with this HTTP status; 0 for those without one. */
  readonly status?: number | undefined;
  /** Only those that died at this instant or later, in milliseconds since 1970. */
  readonly from?: number | undefined;
  /** Only those that died before this instant. */
  readonly to?: number | undefined;
  /** Only those with one of these ids, at most 1,000. */
  readonly ids?: readonly string[] | undefined;
}

/** Dead letters that died alike. */
export interface DeadGroup {
  readonly target: string;
  readonly type: string;
  readonly reason: DeadReason['kind'];
  /** The HTTP status; undefined if there was none. */
  readonly status: number | undefined;
  readonly count: number;
  /** The newest of them: its id and position, when it died, in milliseconds since 1970, and the words of its reason. */
  readonly id: string;
  readonly position: number;
  readonly diedAt: number;
  readonly detail: string;
}

/** How many dead letters match a filter, and how they died. */
export interface DeadSummary {
  readonly count: number;
  /** The largest first, at most 50. */
  readonly groups: readonly DeadGroup[];
}

/** A part of the dead letters, by how they died; without the newest one's words. */
export interface DeadPiece {
  readonly groups: readonly Omit<DeadGroup, 'detail' | 'id'>[];
  /** Pass this as `after` to continue; undefined at the end. */
  readonly next: number | undefined;
}

/**
 * Which dead letters to list.
 * @example await crm.deadLetters.list({ search: '503', limit: 50 });
 */
export interface DeadQuery extends DeadFilter {
  readonly limit: number;
  /** Only those below this position. */
  readonly before?: number | undefined;
}

/** Which dead letters to search, newest first. */
export interface DeadSearch extends DeadFilter {
  /** Only those below this position. */
  readonly before: number;
  /** How many to check, whether they match or not, so that no call takes long. */
  readonly limit: number;
}

/** Those that a search has found. */
export interface DeadFound {
  readonly letters: readonly DeadLetter[];
  /** Pass this as `before` to continue; undefined at the end. */
  readonly next: number | undefined;
}

/** Which dead letters to change, oldest first. */
export interface DeadRange extends DeadFilter {
  /** Only those above this position. @default all */
  readonly after?: number | undefined;
  /** Only those up to this position. */
  readonly upTo: number;
  /** How many to check, whether they match or not, so that no call takes long. */
  readonly limit: number;
}

/** How far a change of the oldest dead letters got. */
export interface DeadProgress {
  /** How many were changed. */
  readonly count: number;
  /** Pass this as `after` to continue; undefined at the end. */
  readonly next: number | undefined;
}

/** Why the target will not take it. */
export interface DeadReason {
  /** `rejected`: refused for good, or not sendable. `redirect`: the CRM redirected it. `expired`: older than `maxAgeMs`. */
  readonly kind: 'rejected' | 'redirect' | 'expired';
  /** The last HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** The CRM's own words if its reply is the reason, scrubbed and at most 1024 characters long; else ours. */
  readonly detail: string;
}

/** A notification that its target will not take. */
export interface DeadLetter {
  readonly target: string;
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  readonly occurredAt: number;
  readonly diedAt: number;
  readonly attempts: number;
  readonly reason: DeadReason;
  /** Its place among the dead letters of all targets; pass it as `before` to continue listing from here. */
  readonly position: number;
}

/** The kinds of reasons. */
export const deadReasons = ['rejected', 'redirect', 'expired'] as const satisfies readonly DeadReason['kind'][];
