import type { DeliveredFilter, DeliveredNotification } from '../../history/history.js';
import { deadRecord, pendingRecord } from '../../outbox/list-record.js';
import { matchesPending } from '../../outbox/matches-filter.js';
import type {
  DeadFilter,
  DeadLetter,
  PendingFilter,
  PendingNotification,
  StoredNotification,
} from '../../outbox/outbox.js';
import type { ReadableOutbox } from './open-outbox.js';

const pageSize = 500;

/** Reads whole pending notifications page by page, each target's oldest first. */
export async function* pendingIn(
  outbox: ReadableOutbox,
  filter: PendingFilter = {},
): AsyncGenerator<PendingNotification> {
  const matches = matchesPending(filter);
  for (const target of filter.target === undefined ? await outbox.targets() : [filter.target]) {
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: readonly PendingNotification[] = await outbox.readAfter(target, after, pageSize);
      for (const notification of page) if (matches(notification)) yield notification;
      after = page.at(-1)?.position;
    }
  }
}

/** Reads dead letters, newest first, page by page; with `before` only those below that position. `search` is also looked for in the reason. */
export async function* deadIn(
  outbox: ReadableOutbox,
  filter?: DeadFilter,
  before?: number,
): AsyncGenerator<DeadLetter> {
  for await (const page of deadPagesIn(outbox, filter, before)) yield* page;
}

/** Reads what is kept of delivered notifications, newest first, page by page. */
export async function* deliveredIn(
  outbox: ReadableOutbox,
  filter: DeliveredFilter = {},
): AsyncGenerator<DeliveredNotification> {
  let before: number | undefined;
  do {
    const page = await outbox.listDelivered({ ...filter, limit: pageSize, before });
    yield* page;
    before = page.length < pageSize ? undefined : page.at(-1)?.position;
  } while (before !== undefined);
}

/** Counts dead letters, all or those that `deadIn` finds. */
export async function countDead(outbox: ReadableOutbox, filter: DeadFilter | undefined): Promise<number> {
  return filter === undefined ? (await outbox.counts()).dead : (await outbox.summariseDead(filter)).count;
}

async function* deadPagesIn(
  outbox: ReadableOutbox,
  filter: DeadFilter = {},
  from?: number,
): AsyncGenerator<readonly DeadLetter[]> {
  let before = from;
  for (;;) {
    const page = await outbox.listDead({ ...filter, limit: pageSize, before });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    before = last.position;
  }
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
