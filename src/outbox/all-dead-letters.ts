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
export async function redeliverAll(
  outbox: Pick<Outbox, 'listDead' | 'redeliverOldest'>,
  { now, upTo = newestPosition(outbox), ...filter }: RedeliverAllOptions,
): Promise<number> {
  return changeInPieces(filter, upTo, (range) => outbox.redeliverOldest(range, now()));
}

/** Removes every matching dead letter for good, oldest first. Returns how many. Those that die meanwhile stay. */
export async function discardAll(
  outbox: Pick<Outbox, 'listDead' | 'discardOldest'>,
  { upTo = newestPosition(outbox), ...filter }: AllDeadLettersOptions = {},
): Promise<number> {
  return changeInPieces(filter, upTo, (range) => outbox.discardOldest(range));
}

/** Changes each piece in a transaction and in a turn of the event loop of its own, so that nothing else waits long. */
export async function changeInPieces(
  { onPiece, search, target }: Omit<AllDeadLettersOptions, 'upTo'>,
  upTo: number | Promise<number>,
  change: (range: DeadRange) => DeadProgress | Promise<DeadProgress>,
): Promise<number> {
  const last = await upTo;
  let changed = 0;
  for (let after: number | undefined = 0; after !== undefined && onPiece?.() !== false;) {
    const { count, next } = await change({ after, upTo: last, limit: maxPerPiece, search, target });
    changed += count;
    after = next;
    if (after !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }
  return changed;
}

function newestPosition(outbox: Pick<Outbox, 'listDead'>): number {
  return outbox.listDead({ limit: 1 })[0]?.position ?? 0;
}
