import type { DeadFilter, DeadProgress, DeadRange, Outbox } from './outbox.js';

/** A transaction of a few milliseconds. */
const atOnce = 500;

export interface AllDeadLettersOptions extends DeadFilter {
  /** Called between two pieces; returns whether to go on. */
  readonly onPiece?: (() => boolean) | undefined;
}

export interface RedeliverAllOptions extends AllDeadLettersOptions {
  /** The clock of the instants that are stored, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes every dead letter that matches pending again, the oldest first. Returns how many. Those that die meanwhile stay dead. */
export function redeliverAll(
  outbox: Pick<Outbox, 'listDead' | 'redeliverOldest'>,
  { now, ...options }: RedeliverAllOptions,
): Promise<number> {
  return pieceByPiece(outbox, options, (range) => outbox.redeliverOldest(range, now()));
}

/** Removes every dead letter that matches for good, the oldest first. Returns how many. Those that die meanwhile stay. */
export function discardAll(
  outbox: Pick<Outbox, 'listDead' | 'discardOldest'>,
  options: AllDeadLettersOptions = {},
): Promise<number> {
  return pieceByPiece(outbox, options, (range) => outbox.discardOldest(range));
}

/** Each piece in a turn of its own, so that nobody waits long for a commit. */
async function pieceByPiece(
  outbox: Pick<Outbox, 'listDead'>,
  { onPiece, search, target }: AllDeadLettersOptions,
  change: (range: DeadRange) => DeadProgress,
): Promise<number> {
  const upTo = outbox.listDead({ limit: 1 })[0]?.position ?? 0;
  let changed = 0;
  for (let after = 0; ;) {
    const { count, next } = change({ after, upTo, limit: atOnce, search, target });
    changed += count;
    if (next === undefined || onPiece?.() === false) return changed;
    after = next;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
