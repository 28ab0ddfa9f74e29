import type { CancelTimer, Clock } from '../../core/clock.js';
import type { Settlement } from '../outbox.js';
import { lockedRows, settleRows, type SettleRows } from './settle-rows.js';
import { ServerError } from './server-errors.js';

/**
 * Settles in the table, without waiting for rows that another session has locked: these are tried again every second, and others
 * do not wait for them.
 */
export interface LockedSettlements {
  /** Resolves to how many wait now, and those that could not be stored yet. */
  store(settlements: readonly Settlement[]): Promise<Stored>;
  /** Whether this one is settled as far as we know, but the table does not show it yet. */
  has(target: string, id: string): boolean;
  /** Tries no more until something else is stored. */
  stop(): void;
}

export interface Stored {
  readonly waitingCount: number;
  readonly locked: readonly Settlement[];
}

export interface LockedSettlementsOptions extends SettleRows {
  readonly clock: Clock;
  /** These are in the table now. */
  readonly onStored: (settlements: readonly Settlement[]) => void;
}

const retryMs = 1_000;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html: lock_not_available, query_canceled. */
const lockStates = new Set(['55P03', '57014']);

export function createLockedSettlements({ clock, onStored, ...tables }: LockedSettlementsOptions): LockedSettlements {
  const locked = new Map<string, Settlement>();
  let cancelRetry: CancelTimer | undefined;
  let isStopped = false;

  const storeFree = async (settlements: readonly Settlement[]): Promise<Stored> => {
    try {
      return { waitingCount: await settleRows(tables, settlements), locked: [] };
    } catch (error) {
      if (!(error instanceof ServerError) || !lockStates.has(error.state)) throw error;
      const ids = await lockedRows(tables, settlements);
      if (ids.size === 0) throw error;
      const free = settlements.filter(({ id }) => !ids.has(id));
      const waitingCount = free.length === 0 ? 0 : await settleRows(tables, free);
      return { waitingCount, locked: settlements.filter(({ id }) => ids.has(id)) };
    }
  };

  const retry = async (): Promise<void> => {
    cancelRetry = undefined;
    const tried = [...locked.values()];
    try {
      const { locked: still } = await storeFree(tried);
      const stored = tried.filter((settlement) => !still.includes(settlement));
      for (const settlement of stored) locked.delete(keyOf(settlement));
      if (stored.length > 0) onStored(stored);
    } catch {
      // The next settlements report that the server is away.
    }
    scheduleRetry();
  };

  const scheduleRetry = (): void => {
    if (locked.size > 0 && !isStopped) cancelRetry ??= clock.after(retryMs, () => void retry());
  };

  return {
    async store(settlements) {
      isStopped = false;
      const stored = await storeFree(settlements);
      for (const settlement of stored.locked) locked.set(keyOf(settlement), settlement);
      scheduleRetry();
      return stored;
    },
    stop() {
      isStopped = true;
      cancelRetry?.();
      cancelRetry = undefined;
    },
    has: (target, id) => locked.size > 0 && locked.has(keyOf({ target, id })),
  };
}

/** What identifies an entry, as one text: a target's name has no line break. */
export function keyOf({ target, id }: Pick<Settlement, 'target' | 'id'>): string {
  return `${target}\n${id}`;
}
