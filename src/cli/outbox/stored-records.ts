import {
  type DeadFilter,
  type DeadLetter,
  type PendingNotification,
  type StoredNotification,
  wantedAt,
} from '../../outbox/outbox.js';
import type { ReadableOutbox } from './open-outbox.js';

const pageSize = 500;

/** Reads pending notifications page by page, each target's oldest first. `search` is looked for in id, type and lane, ignoring case. */
export async function* pendingIn(
  outbox: ReadableOutbox,
  { search = '', target: only, type: onlyType, lane: onlyLane }: DeadFilter = {},
): AsyncGenerator<PendingNotification> {
  const wanted = search.toLowerCase();
  for (const target of only === undefined ? await outbox.targets() : [only]) {
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: readonly PendingNotification[] = await outbox.readAfter(target, after, pageSize);
      for (const notification of page) {
        const { id, type, lane } = notification;
        if ((onlyType ?? type) !== type || (onlyLane ?? lane) !== lane) continue;
        if ([id, type, lane].some((text) => text.toLowerCase().includes(wanted))) yield notification;
      }
      after = page.at(-1)?.position;
    }
  }
}

/** Reads dead letters, newest first, page by page. `search` is also looked for in the reason. */
export async function* deadIn(outbox: ReadableOutbox, filter?: DeadFilter): AsyncGenerator<DeadLetter> {
  for await (const page of deadPagesIn(outbox, filter)) yield* page;
}

/** Counts dead letters, all or those that `deadIn` finds. */
export async function countDead(outbox: ReadableOutbox, filter: DeadFilter | undefined): Promise<number> {
  return filter === undefined ? (await outbox.counts()).dead : (await outbox.summariseDead(filter)).count;
}

async function* deadPagesIn(outbox: ReadableOutbox, filter: DeadFilter = {}): AsyncGenerator<readonly DeadLetter[]> {
  let before: number | undefined;
  for (;;) {
    const page = await outbox.listDead({ ...filter, limit: pageSize, before });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    before = last.position;
  }
}

/** What `--json` prints of a pending notification: everything but the body. */
export function pendingRecord(notification: Omit<PendingNotification, 'body'>): object {
  const { target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } = notification;
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

/** What `--json` prints of a dead letter. */
export function deadRecord({ target, id, type, lane, occurredAt, diedAt, attempts, reason }: DeadLetter): object {
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

/** What `--json` prints of either, with the body. */
export function wholeRecord(stored: StoredNotification): object {
  const record = stored.state === 'pending' ? pendingRecord(stored) : deadRecord(stored);
  return { ...record, traceparent: stored.traceparent ?? null, body: bodyValue(stored.body) };
}

/** Returns a body as JSON if that loses nothing, otherwise as text. */
export function bodyValue(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** Formats an instant in ISO 8601. One out of range, which only a damaged file has, is shown as its number. */
export function instantText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
