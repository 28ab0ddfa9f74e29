import type { DeadLetter, DeadReason, DuePlace, OutboxCounts, PendingEntry, PendingNotification } from '../outbox.js';
import { damaged } from './sqlite-errors.js';

type Columns = Readonly<Record<string, unknown>>;

/**
 * A target as stored in a file. The pending rows of a target are adjacent: the key of a row, its column `position`, is its
 * target's base plus its position. So reading one target reads no rows of others, however many those are, and needs no index,
 * which would be one more page to write with each commit.
 */
export interface StoredTarget {
  readonly name: string;
  /** The name as it is stored. */
  readonly text: string;
  /** The keys of its rows are above this. */
  readonly base: number;
  /** And below this. */
  readonly end: number;
}

/** How many positions a target has: enough for 500 years at a thousand a second. There is room for 500 targets. */
export const targetLimit = 2 ** 44;

/** The key of a target's row; 0, which no row has, for an invalid position. */
export function keyOf({ base }: StoredTarget, position: number): number {
  return position > 0 && position < targetLimit ? base + position : 0;
}

export function storedTarget(name: string, number: unknown): StoredTarget {
  const base = Number(number) * targetLimit;
  const end = base + targetLimit;
  if (!(base >= 0) || end > Number.MAX_SAFE_INTEGER + 1) throw damaged('a number of a target is wrong');
  return { name, text: toText(name), base, end };
}

/** The columns that `pendingOf` reads. */
export const pendingColumns =
  'position, id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body';

export function pendingOf(row: unknown, { name, base }: StoredTarget): PendingNotification {
  const columns = row as Columns;
  return {
    target: name,
    position: numberIn(columns, 'position') - base,
    id: fromText(textIn(columns, 'id')),
    type: textIn(columns, 'type'),
    lane: fromText(textIn(columns, 'lane')),
    occurredAt: numberIn(columns, 'occurred_at'),
    acceptedAt: numberIn(columns, 'accepted_at'),
    attempts: numberIn(columns, 'attempts'),
    nextAttemptAt: numberIn(columns, 'next_attempt_at'),
    traceparent: traceparentIn(columns),
    body: bytesIn(columns, 'body'),
  };
}

/** A pending row as it is listed, with whether another one of its lane is before it. */
export function listedOf(row: unknown, { name }: StoredTarget): PendingEntry {
  const columns = row as Columns;
  return {
    target: name,
    place: numberIn(columns, 'position'),
    id: fromText(textIn(columns, 'id')),
    type: textIn(columns, 'type'),
    lane: fromText(textIn(columns, 'lane')),
    occurredAt: numberIn(columns, 'occurred_at'),
    acceptedAt: numberIn(columns, 'accepted_at'),
    attempts: numberIn(columns, 'attempts'),
    nextAttemptAt: numberIn(columns, 'next_attempt_at'),
    traceparent: traceparentIn(columns),
    waitsInLane: columns['waits_in_lane'] === 1,
  };
}

/** What is posted of a pending notification, or would be of a dead letter. */
export function contentOf(row: unknown): Pick<PendingNotification, 'traceparent' | 'body'> {
  const columns = row as Columns;
  return { traceparent: traceparentIn(columns), body: bytesIn(columns, 'body') };
}

export function deadOf(row: unknown): DeadLetter {
  const columns = row as Columns;
  return {
    target: fromText(textIn(columns, 'target')),
    position: numberIn(columns, 'position'),
    id: fromText(textIn(columns, 'id')),
    type: textIn(columns, 'type'),
    lane: fromText(textIn(columns, 'lane')),
    occurredAt: numberIn(columns, 'occurred_at'),
    diedAt: numberIn(columns, 'died_at'),
    attempts: numberIn(columns, 'attempts'),
    reason: {
      kind: textIn(columns, 'reason_kind') as DeadReason['kind'],
      status: columns['reason_status'] === null ? undefined : numberIn(columns, 'reason_status'),
      detail: textIn(columns, 'reason_detail'),
    },
  };
}

/** Returns the page, or throws: a damaged position would send a reader back, or make it skip others. */
export function checkOrder(page: PendingNotification[], after: number): PendingNotification[] {
  let last = after;
  for (const { position } of page) {
    if (!(position > last)) throw damaged('its order is gone');
    last = position;
  }
  return page;
}

/** The same for a page that was read in the order in which its entries become due. */
export function checkDueOrder(page: PendingNotification[], after: DuePlace): PendingNotification[] {
  let last = after;
  for (const entry of page) {
    const isSame = entry.nextAttemptAt === last.nextAttemptAt;
    if (isSame ? entry.position <= last.position : !(entry.nextAttemptAt > last.nextAttemptAt))
      throw damaged('its order is gone');
    last = entry;
  }
  return page;
}

/**
 * The counts of one target, checked against its oldest pending row. A count may be damaged as well: one that shows an empty
 * outbox as full would let nothing in for ever.
 */
export function countsIn(row: unknown): OutboxCounts {
  const { target, pending, pending_bytes: pendingBytes, dead, ...oldest } = row as Columns;
  const isEmpty = oldest['oldest_target'] === null;
  if (isEmpty !== (pending === 0) || (isEmpty && pendingBytes !== 0)) throw damaged('it is counted wrongly');
  if (!isEmpty && oldest['oldest_target'] !== target) throw damaged('the name of a target is wrong');
  return {
    pending: Number(pending),
    pendingBytes: Number(pendingBytes),
    dead: Number(dead),
    oldestAcceptedAt: isEmpty ? undefined : Number(oldest['oldest_accepted_at']),
  };
}

export function measureOf(row: unknown): { readonly count: number; readonly bytes: number } {
  const { count, bytes } = row as Columns;
  return { count: Number(count), bytes: Number(bytes) };
}

// SQLite checks a value's type when it is written; damage may have changed it since.
function numberIn(columns: Columns, name: string): number {
  const value = columns[name];
  return typeof value === 'number' ? value : throwWrongKind(name);
}

function textIn(columns: Columns, name: string): string {
  const value = columns[name];
  return typeof value === 'string' ? value : throwWrongKind(name);
}

function traceparentIn(columns: Columns): string | undefined {
  return columns['traceparent'] === null ? undefined : textIn(columns, 'traceparent');
}

function bytesIn(columns: Columns, name: string): Uint8Array {
  const value = columns[name];
  return ArrayBuffer.isView(value) ? (value as Uint8Array) : throwWrongKind(name);
}

function throwWrongKind(name: string): never {
  throw damaged(`something else is where the ${name} should be`);
}

/**
 * A user's id, which lanes are made of, may contain any characters. SQLite's text may not: it ends at a NUL, in some versions of
 * Node when written and in others when read, and has no lone surrogates. Those, and `%`, are stored as `%` and four hex digits.
 */
export function toText(text: string): string {
  return text.replace(/[\0%\p{Surrogate}]/gu, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function fromText(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_escape, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
