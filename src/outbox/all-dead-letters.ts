import type { DeadFilter, DeadProgress, DeadRange, Outbox } from './outbox.js';

/** A transaction with this many takes a few milliseconds. */
const maxPerPiece = 500;

export interface AllDeadLettersOptions extends DeadFilter {
  /** Called between two pieces; returns whether to continue. */
  readonly onPiece?: (() => boolean) | undefined;
}

export interface RedeliverAllOptions extends AllDeadLettersOptions {
  /** The clock of the stored instants, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes every matching dead letter pending again, oldest first. Returns how many. Those that die meanwhile stay dead. */
export function redeliverAll(
  outbox: Pick<Outbox, 'listDead' | 'redeliverOldest'>,
  { now, ...options }: RedeliverAllOptions,
): Promise<number> {
  return changeInPieces(outbox, options, (range) => outbox.redeliverOldest(range, now()));
}

/** Removes every matching dead letter for good, oldest first. Returns how many. Those that die meanwhile stay. */
export function discardAll(
  outbox: Pick<Outbox, 'listDead' | 'discardOldest'>,
  options: AllDeadLettersOptions = {},
): Promise<number> {
  return changeInPieces(outbox, options, (range) => outbox.discardOldest(range));
}

/** Changes each piece in its own turn of the event loop, so that no other commit waits long. */
async function changeInPieces(
  outbox: Pick<Outbox, 'listDead'>,
  { onPiece, search, target }: AllDeadLettersOptions,
  change: (range: DeadRange) => DeadProgress,
): Promise<number> {
  const upTo = outbox.listDead({ limit: 1 })[0]?.position ?? 0;
  let changed = 0;
  for (let after = 0; ;) {
    const { count, next } = change({ after, upTo, limit: maxPerPiece, search, target });
    changed += count;
    if (next === undefined || onPiece?.() === false) return changed;
    after = next;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
