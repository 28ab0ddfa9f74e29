import type { DeadLetter, DeadReason, PendingNotification } from '../outbox.js';

type Columns = Readonly<Record<string, unknown>>;

export function pendingOf(row: unknown): PendingNotification {
  const columns = row as Columns;
  return {
    position: columns['position'] as number,
    id: fromText(columns['id'] as string),
    type: columns['type'] as string,
    lane: fromText(columns['lane'] as string),
    occurredAt: columns['occurred_at'] as number,
    acceptedAt: columns['accepted_at'] as number,
    attempts: columns['attempts'] as number,
    nextAttemptAt: columns['next_attempt_at'] as number,
    traceparent: (columns['traceparent'] as string | null) ?? undefined,
    body: columns['body'] as Uint8Array,
  };
}

export function deadOf(row: unknown): DeadLetter {
  const columns = row as Columns;
  return {
    position: columns['position'] as number,
    id: fromText(columns['id'] as string),
    type: columns['type'] as string,
    lane: fromText(columns['lane'] as string),
    occurredAt: columns['occurred_at'] as number,
    diedAt: columns['died_at'] as number,
    attempts: columns['attempts'] as number,
    reason: {
      kind: columns['reason_kind'] as DeadReason['kind'],
      status: (columns['reason_status'] as number | null) ?? undefined,
      detail: columns['reason_detail'] as string,
    },
  };
}

/**
 * A user's id, which a lane is made of, may hold any characters. SQLite's text does not: it ends at a NUL, on some Nodes
 * when written and on others when read, and has no lone surrogates. Those, and `%`, are stored as `%` and four digits.
 */
export function toText(text: string): string {
  return text.replace(/[\0%\p{Surrogate}]/gu, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function fromText(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_escape, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
