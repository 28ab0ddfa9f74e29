import type { DeadLetter, DeadReason, PendingEntry, PendingNotification } from '../outbox.js';
import type { SqlRow } from './postgres-server.js';

/** An instant in milliseconds since 1970, as SQL. */
export function msOf(instant: string): string {
  return `round(extract(epoch FROM ${instant}) * 1000)::bigint`;
}

/** What `listedOf` reads of a row `p`, beside the row `s` of the state: ages count from the last jump of the server's clock. */
export const listedColumns = `p.seq, p.id, p.target, p.type, p.lane, p.occurred_at, p.attempts, p.traceparent,
  ${msOf('greatest(p.accepted_at, s.ages_from)')} AS accepted_at, coalesce(${msOf('p.due_at')}, 0) AS due_at`;

/** What `pendingOf` reads. */
export const pendingColumns = `${listedColumns}, p.body`;

export function pendingOf(row: SqlRow): PendingNotification {
  return {
    target: String(row['target']),
    position: Number(row['seq']),
    id: String(row['id']),
    type: String(row['type']),
    lane: String(row['lane']),
    occurredAt: Number(row['occurred_at']),
    acceptedAt: Number(row['accepted_at']),
    attempts: Number(row['attempts']),
    nextAttemptAt: Number(row['due_at']),
    ...contentOf(row),
  };
}

/** A pending row as it is listed, with whether another one of its lane is before it. */
export function listedOf(row: SqlRow): PendingEntry {
  return {
    target: String(row['target']),
    place: Number(row['seq']),
    id: String(row['id']),
    type: String(row['type']),
    lane: String(row['lane']),
    occurredAt: Number(row['occurred_at']),
    acceptedAt: Number(row['accepted_at']),
    attempts: Number(row['attempts']),
    nextAttemptAt: Number(row['due_at']),
    traceparent: traceparentIn(row),
    waitsInLane: row['waits_in_lane'] === true,
  };
}

/** What `deadOf` reads. */
export const deadColumns = `position, id, target, type, lane, occurred_at, attempts, reason_kind, reason_status, reason_detail,
  ${msOf('died_at')} AS died_at`;

export function deadOf(row: SqlRow): DeadLetter {
  return {
    target: String(row['target']),
    position: Number(row['position']),
    id: String(row['id']),
    type: String(row['type']),
    lane: String(row['lane']),
    occurredAt: Number(row['occurred_at']),
    diedAt: Number(row['died_at']),
    attempts: Number(row['attempts']),
    reason: {
      kind: String(row['reason_kind']) as DeadReason['kind'],
      status: row['reason_status'] === null ? undefined : Number(row['reason_status']),
      detail: String(row['reason_detail']),
    },
  };
}

/** What is posted of a pending notification, or would be of a dead letter. */
export function contentOf(row: SqlRow): Pick<PendingNotification, 'traceparent' | 'body'> {
  return { traceparent: traceparentIn(row), body: Buffer.from(String(row['body'])) };
}

function traceparentIn({ traceparent }: SqlRow): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether this can be an id in the tables. Others match nothing; the server would refuse them. */
export function isUuid(id: string): boolean {
  return uuid.test(id);
}
