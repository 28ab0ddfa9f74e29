import type { Outbox, Settlement } from '../../src/outbox/outbox.js';

export type Placed = WithoutId<Settlement>;

type WithoutId<Kind> = Kind extends unknown ? Omit<Kind, 'id'> : never;

/** Settles by positions alone: each gets the id that stands there now. */
export function settleIn(outbox: Outbox, settlements: readonly Placed[]): void {
  outbox.settle(settlements.map((settlement) => ({ ...settlement, id: idAt(outbox, settlement.position) })));
}

function idAt(outbox: Outbox, position: number): string {
  const found = outbox.readAfter(position - 1, 1)[0];
  return found?.position === position ? found.id : 'no such id';
}
