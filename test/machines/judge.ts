import type { Arrival } from './crm.js';
import type { Owed } from './database.js';

/** What arrived, held against what was committed. Names are `booking/version/part`. */
export interface Judgement {
  /** Notifications that were owed for certain. */
  readonly owedCount: number;
  readonly arrivalCount: number;
  /** Came again under the id they came with before. */
  readonly repeats: number;
  /** Owed, and never arrived. */
  readonly missing: readonly string[];
  /** Arrived, though their transaction, or their part of it, was rolled back. */
  readonly rolledBack: readonly string[];
  /** Came for the first time after a later change of the same booking. */
  readonly outOfOrder: readonly string[];
  /** Came under two ids. */
  readonly doubled: readonly string[];
  /** Seen to succeed by a client, and not in the database: then the judge itself is not to be trusted. */
  readonly uncommitted: readonly string[];
}

export interface Evidence {
  readonly arrivals: readonly Arrival[];
  readonly owed: readonly Owed[];
  /** The nonces that clients saw succeed. */
  readonly seen: { readonly told: ReadonlySet<string>; readonly plain: ReadonlySet<string> };
  /** Whether hooks are held to what only transactions promise: that all that is committed arrives. */
  readonly isStrictWithHooks: boolean;
}

/** Once nothing is pending any more. A hook alone promises only what a client saw succeed. */
export function judge({ arrivals, owed, seen, isStrictWithHooks }: Evidence): Judgement {
  const committed = new Map(owed.map((one) => [`${nameOf(one)}/${one.nonce}`, one]));
  const idOf = new Map<string, string>();
  const ids = new Set<string>();
  const last = new Map<number, Arrival>();
  const rolledBack: string[] = [];
  const outOfOrder: string[] = [];
  const doubled: string[] = [];
  let repeats = 0;

  for (const arrival of arrivals) {
    const { id, booking, nonce } = arrival;
    const key = `${nameOf(arrival)}/${nonce}`;
    if (ids.has(id)) {
      repeats += 1;
      continue;
    }
    ids.add(id);
    if (!committed.has(key)) rolledBack.push(key);
    else if (idOf.has(key)) doubled.push(nameOf(arrival));
    idOf.set(key, id);
    const before = last.get(booking);
    if (before !== undefined && isBefore(arrival, before))
      outOfOrder.push(`${nameOf(arrival)} after ${nameOf(before)}`);
    else last.set(booking, arrival);
  }

  const must = owed.filter(({ kind, nonce }) => kind === 'told' || isStrictWithHooks || seen.plain.has(nonce));
  const nonces = new Set(owed.map(({ nonce }) => nonce));
  return {
    owedCount: must.length,
    arrivalCount: arrivals.length,
    repeats,
    missing: must.filter((one) => !idOf.has(`${nameOf(one)}/${one.nonce}`)).map(nameOf),
    rolledBack,
    outOfOrder,
    doubled,
    uncommitted: [...seen.told, ...seen.plain].filter((nonce) => !nonces.has(nonce)),
  };
}

function nameOf({ booking, version, part }: Pick<Arrival, 'booking' | 'version' | 'part'>): string {
  return `${String(booking)}/${String(version)}/${String(part)}`;
}

function isBefore(one: Arrival, other: Arrival): boolean {
  return one.version === other.version ? one.part < other.part : one.version < other.version;
}
