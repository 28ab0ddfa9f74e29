import type { DeadLetter, PendingNotification, StoredNotification } from '../outbox/outbox.js';

/** A pending notification as `--json` shows it: everything but its body. */
export function pendingRecord(notification: Omit<PendingNotification, 'body'>): object {
  const { id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } = notification;
  return {
    state: 'pending',
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    acceptedAt: instantText(acceptedAt),
    attempts,
    nextAttemptAt: nextAttemptAt === 0 ? null : instantText(nextAttemptAt),
    traceparent: traceparent ?? null,
  };
}

/** A dead letter as `--json` shows it. */
export function deadRecord({ id, type, lane, occurredAt, diedAt, attempts, reason }: DeadLetter): object {
  return {
    state: 'dead',
    id,
    type,
    lane,
    occurredAt: instantText(occurredAt),
    diedAt: instantText(diedAt),
    attempts,
    reason: { kind: reason.kind, status: reason.status ?? null, detail: reason.detail },
  };
}

/** Either, whole: with the body that is posted. */
export function wholeRecord(stored: StoredNotification): object {
  const record = stored.state === 'pending' ? pendingRecord(stored) : deadRecord(stored);
  return { ...record, traceparent: stored.traceparent ?? null, body: bodyValue(stored.body) };
}

/** The body as JSON where that is all of it, or else its text. */
export function bodyValue(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** An instant in ISO 8601; one that no calendar has, which only damage can have written, as its number. */
export function instantText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
