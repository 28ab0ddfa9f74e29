import type { Outbox, OutboxCounts } from '../outbox/outbox.js';

export const noCounts: OutboxCounts = { pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined };

/** Undefined for an outbox that cannot be read; its trouble is told by whoever needs more than to look. */
export function countsOf(outbox: Outbox | undefined): OutboxCounts | undefined {
  try {
    return outbox?.counts();
  } catch {
    return undefined;
  }
}
