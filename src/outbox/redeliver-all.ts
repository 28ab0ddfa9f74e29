import type { Outbox } from './outbox.js';

/** A transaction of a few milliseconds. */
const atOnce = 500;

export interface RedeliverAllOptions {
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Called after each piece; answers whether to go on. */
  readonly onPiece?: (() => boolean) | undefined;
}

/**
 * Makes every dead letter pending again, the oldest first, and answers how many. Piece by piece, each in a turn of its own, so
 * that nobody waits long for a commit. Those that die meanwhile stay dead.
 */
export async function redeliverAll(outbox: Outbox, { now, onPiece }: RedeliverAllOptions): Promise<number> {
  const upTo = outbox.listDead({ limit: 1 })[0]?.position ?? 0;
  for (let redelivered = 0; ;) {
    const piece = outbox.redeliverOldest(upTo, atOnce, now());
    redelivered += piece;
    if (piece < atOnce || onPiece?.() === false) return redelivered;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
