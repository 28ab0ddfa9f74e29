import type { Outbox, Settlement } from '../../src/outbox/outbox.js';

export type Placed = WithoutId<Settlement>;

type WithoutId<Kind> = Kind extends unknown ? Omit<Kind, 'id' | 'target'> : never;

/** Settles by positions alone: each gets the id that is there now. */
export function settleIn(outbox: Outbox, settlements: readonly Placed[], target = 'crm'): void {
  outbox.settle(
    settlements.map((settlement) => ({ ...settlement, target, id: idAt(outbox, target, settlement.position) })),
  );
}

function idAt(outbox: Outbox, target: string, position: number): string {
  const found = outbox.readAfter(target, position - 1, 1)[0];
  return found?.position === position ? found.id : 'no such id';
}
