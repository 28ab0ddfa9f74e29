import { instantText } from '../core/instant-text.js';
import type { DeadLetter } from './dead-letter.js';
import { wantedAt } from './outbox.js';
import type { PendingEntry } from './pending-entry.js';

interface ListRecord {
  readonly target: string;
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** ISO 8601, as the other instants. */
  readonly occurredAt: string;
  readonly attempts: number;
}

interface PendingRecord extends ListRecord {
  readonly state: 'pending';
  readonly acceptedAt: string;
  /** Null for at once. */
  readonly nextAttemptAt: string | null;
  readonly traceparent: string | null;
}

interface DeadRecord extends ListRecord {
  readonly state: 'dead';
  readonly diedAt: string;
  readonly reason: { readonly kind: string; readonly status: number | null; readonly detail: string };
}

/** A pending notification as it is printed and exported: everything but the body, with instants as text. */
export function pendingRecord(pending: Omit<PendingEntry, 'place' | 'waitsInLane'>): PendingRecord {
  const { target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } = pending;
  return {
    state: 'pending',
    target,
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    acceptedAt: instantText(acceptedAt),
    attempts,
    nextAttemptAt: nextAttemptAt <= wantedAt ? null : instantText(nextAttemptAt),
    traceparent: traceparent ?? null,
  };
}

/** The same of a dead letter. */
export function deadRecord({ target, id, type, lane, occurredAt, diedAt, attempts, reason }: DeadLetter): DeadRecord {
  return {
    state: 'dead',
    target,
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    diedAt: instantText(diedAt),
    attempts,
    reason: { kind: reason.kind, status: reason.status ?? null, detail: reason.detail },
  };
}

type Cell = string | number | null;

export const pendingHeader = [
  ...['state', 'target', 'id', 'type', 'lane', 'occurredAt', 'acceptedAt', 'attempts', 'nextAttemptAt', 'traceparent'],
];

/** The same in cells, as `pendingHeader` names them. */
export function pendingCells(pending: Parameters<typeof pendingRecord>[0]): readonly Cell[] {
  const { state, target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } =
    pendingRecord(pending);
  return [state, target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent];
}

export const deadHeader = [
  ...['state', 'target', 'id', 'type', 'lane', 'occurredAt', 'diedAt', 'attempts', 'reason', 'status', 'detail'],
];

/** The same in cells, as `deadHeader` names them. */
export function deadCells(letter: DeadLetter): readonly Cell[] {
  const { state, target, id, type, lane, occurredAt, diedAt, attempts, reason } = deadRecord(letter);
  return [state, target, id, type, lane, occurredAt, diedAt, attempts, reason.kind, reason.status, reason.detail];
}
