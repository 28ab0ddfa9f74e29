import { setImmediate } from 'node:timers';
import type { DeadFilter, DeadProgress, DeadRange, Outbox } from './outbox.js';

/** A transaction with this many takes a few milliseconds. */
const maxPerPiece = 500;

export interface AllDeadLettersOptions extends DeadFilter {
  /** Only those up to this position. @default the newest one's, when it starts */
  readonly upTo?: number | undefined;
  /** Called right before each piece; returns whether to continue. */
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
  { onPiece, search, target, upTo = newestPosition(outbox) }: AllDeadLettersOptions,
  change: (range: DeadRange) => DeadProgress,
): Promise<number> {
  let changed = 0;
  for (let after: number | undefined = 0; after !== undefined && onPiece?.() !== false;) {
    const { count, next } = change({ after, upTo, limit: maxPerPiece, search, target });
    changed += count;
    after = next;
    if (after !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }
  return changed;
}

function newestPosition(outbox: Pick<Outbox, 'listDead'>): number {
  return outbox.listDead({ limit: 1 })[0]?.position ?? 0;
}
