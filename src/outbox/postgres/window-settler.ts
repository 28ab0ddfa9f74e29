import type { Settlement } from '../outbox.js';
import type { Clock } from '../../core/clock.js';
import { createLockedSettlements, keyOf } from './locked-settlements.js';
import type { SettleRows } from './settle-rows.js';
import type { LaneName, PendingRow } from './read-rows.js';
import type { RowWindow } from './window.js';
import type { WindowFiller } from './window-filler.js';

export interface WindowSettlerOptions extends SettleRows {
  readonly clock: Clock;
  readonly window: RowWindow;
  readonly filler: Pick<WindowFiller, 'isReading' | 'afterReading' | 'onRoom' | 'onWaiting' | 'readAllSoon'>;
}

/** Settles in the table, and keeps the window true to it. */
export interface WindowSettler {
  settle(settlements: readonly Settlement[]): Promise<void>;
  /**
   * Whether this row was settled while something was being read that may show it as it was before. A later row with its id is
   * another one: what died was redelivered.
   */
  isSettled(row: Pick<PendingRow, 'target' | 'id' | 'seq'>): boolean;
  stop(): void;
}

export function createWindowSettler({ window, filler, clock, ...tables }: WindowSettlerOptions): WindowSettler {
  /** Up to which row; any for one that was not in the window. */
  const settledWhileReading = new Map<string, number>();
  /** The lanes whose heads wait, which the table does not show yet, because their rows are locked. */
  const lanesOfLocked = new Map<string, LaneName>();
  const rows = createLockedSettlements({
    ...tables,
    clock,
    onStored(settlements) {
      const keys = settlements.map(keyOf);
      openAfterReading(keys.map((key) => lanesOfLocked.get(key)).filter((lane) => lane !== undefined));
      for (const key of keys) lanesOfLocked.delete(key);
      filler.readAllSoon();
    },
  });

  /** The lane of a head that begins to wait: nothing of it may come into the window until the table says so itself. */
  const closeLaneOf = ({ target, id }: Settlement): LaneName | undefined => {
    const head = window.find(target, id);
    if (head !== undefined) window.close(head);
    return head;
  };

  /** Also once what is being read now, from before the head began to wait, has been dropped. */
  const openAfterReading = (lanes: readonly LaneName[]): void => {
    filler.afterReading(() => {
      for (const lane of lanes) window.open(lane);
    });
  };

  const apply = (settlement: Settlement): void => {
    const { target, id } = settlement;
    if (settlement.kind === 'retry') {
      const head = window.find(target, id);
      if (settlement.nextAttemptAt === 0) window.keep(target, id, settlement.attempts);
      else if (head !== undefined) window.removeLane(head);
      return;
    }
    const seq = window.remove(target, id);
    if (filler.isReading) settledWhileReading.set(keyOf(settlement), seq ?? Infinity);
  };

  const changesNothing = (settlement: Settlement): boolean =>
    settlement.kind === 'retry' &&
    settlement.nextAttemptAt === 0 &&
    window.find(settlement.target, settlement.id)?.attempts === settlement.attempts;

  return {
    isSettled: ({ target, id, seq }) =>
      seq <= (settledWhileReading.get(keyOf({ target, id })) ?? 0) || rows.has(target, id),

    stop() {
      rows.stop();
    },

    async settle(settlements) {
      const waits = settlements.filter(isWait);
      const waiting = new Map<string, LaneName>();
      for (const wait of waits) {
        const lane = closeLaneOf(wait);
        if (lane !== undefined) waiting.set(keyOf(wait), lane);
      }
      let waitingCount = 0;
      try {
        const stored = await rows.store(settlements.filter((settlement) => !changesNothing(settlement)));
        ({ waitingCount } = stored);
        // The lane of a locked row stays closed until the row shows that it waits.
        for (const key of stored.locked.map(keyOf)) {
          const lane = waiting.get(key);
          if (lane !== undefined) lanesOfLocked.set(key, lane);
          waiting.delete(key);
        }
        settlements.forEach(apply);
      } finally {
        openAfterReading([...waiting.values()]);
        // A lane whose head does not wait after all was closed in vain, and may have missed something.
        if (waitingCount < waiting.size) filler.readAllSoon();
      }
      filler.afterReading(() => {
        settledWhileReading.clear();
        window.forgetSettled();
      });
      for (const { nextAttemptAt } of waits) filler.onWaiting(Math.max(0, nextAttemptAt - tables.now()));
      filler.onRoom();
    },
  };
}

/** Whether its notification waits for its next attempt from now on. */
function isWait(settlement: Settlement): settlement is Extract<Settlement, { kind: 'retry' }> {
  return settlement.kind === 'retry' && settlement.nextAttemptAt > 0;
}
