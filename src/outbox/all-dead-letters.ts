import { nextTurn } from '../core/next-turn.js';
import { isUnfiltered } from './matches-filter.js';
import type {
  DeadFilter,
  DeadFound,
  DeadGroup,
  DeadLetter,
  DeadPiece,
  DeadProgress,
  DeadQuery,
  DeadRange,
  DeadSummary,
  Outbox,
} from './outbox.js';

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
  { onPiece, ...filter }: Omit<AllDeadLettersOptions, 'upTo'>,
  upTo: number | Promise<number>,
  change: (range: DeadRange) => DeadProgress | Promise<DeadProgress>,
): Promise<number> {
  const last = await upTo;
  let changed = 0;
  for (let after: number | undefined = 0; after !== undefined && onPiece?.() !== false;) {
    const { count, next } = await change({ after, upTo: last, limit: maxPerPiece, ...filter });
    changed += count;
    after = next;
    if (after !== undefined) await nextTurn();
  }
  return changed;
}

/** Lists dead letters, newest first; with a filter in pieces, so that nothing else waits long. */
export async function listDead(
  outbox: Pick<Outbox, 'listDead' | 'searchDead'>,
  { limit, before = Number.MAX_SAFE_INTEGER, ...filter }: DeadQuery,
): Promise<DeadLetter[]> {
  if (isUnfiltered(filter)) return outbox.listDead({ limit, before });
  const found: DeadLetter[] = [];
  for (let from: number | undefined = before; from !== undefined;) {
    const range = { ...filter, before: from, limit: maxPerPiece };
    const { letters, next }: DeadFound = outbox.searchDead(range, limit - found.length);
    found.push(...letters);
    from = found.length < limit ? next : undefined;
    if (from !== undefined) await nextTurn();
  }
  return found;
}

/** How many groups a summary has at most. */
export const maxGroups = 50;

/** Counts every matching dead letter by how it died, in pieces, so that nothing else waits long. */
export async function summariseDead(
  outbox: Pick<Outbox, 'listDead' | 'groupOldest'>,
  filter: DeadFilter,
): Promise<DeadSummary> {
  const upTo = newestPosition(outbox);
  const found = new Map<string, DeadPiece['groups'][number]>();
  for (let after: number | undefined = 0; after !== undefined;) {
    const { groups, next }: DeadPiece = outbox.groupOldest({ ...filter, after, upTo, limit: maxPerPiece });
    addGroups(found, groups);
    after = next;
    if (after !== undefined) await nextTurn();
  }
  const groups = [...found.values()];
  const largest = groups.sort((one, other) => other.count - one.count).slice(0, maxGroups);
  return {
    count: groups.reduce((sum, { count }) => sum + count, 0),
    groups: largest.map((group): DeadGroup => ({ ...group, ...newestOf(outbox, group.position) })),
  };
}

/** Adds up the groups of several pieces. Those of a later piece are newer. */
export function addGroups(found: Map<string, DeadPiece['groups'][number]>, groups: DeadPiece['groups']): void {
  for (const group of groups) {
    const key = JSON.stringify([group.target, group.type, group.reason, group.status]);
    const earlier = found.get(key);
    found.set(key, earlier === undefined ? group : { ...group, count: earlier.count + group.count });
  }
}

/** Its words are empty if it has been redelivered or discarded meanwhile. */
function newestOf(outbox: Pick<Outbox, 'listDead'>, position: number): Pick<DeadGroup, 'id' | 'detail'> {
  const [letter] = outbox.listDead({ before: position + 1, limit: 1 });
  return letter?.position === position ? { id: letter.id, detail: letter.reason.detail } : { id: '', detail: '' };
}

function newestPosition(outbox: Pick<Outbox, 'listDead'>): number {
  return outbox.listDead({ limit: 1 })[0]?.position ?? 0;
}
