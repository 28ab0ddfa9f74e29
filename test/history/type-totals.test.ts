import { furtherTypes } from '../../src/history/history.js';
import { createTypeTotals } from '../../src/history/type-totals.js';
import { countsOf } from './history-contract.js';

const minuteMs = 60_000;

describe('the counts of each type that could not be reported', () => {
  it('are reported with the next ones, by name for an hour and together after that', () => {
    const startAt = Math.floor(Date.now() / minuteMs) * minuteMs;
    const accepted = (...types: readonly string[]) => types.map((type) => ({ target: 'crm', type }));
    const totals = createTypeTotals();
    totals.onAccepted(accepted('a', 'b', 'a'), startAt + 1);
    const taken = totals.take();
    totals.onAccepted(accepted('a'), startAt + 2);
    totals.putBack(taken, startAt + 60 * minuteMs);
    const named = [
      { ...countsOf({ startAt, accepted: 3 }), type: 'a' },
      { ...countsOf({ startAt, accepted: 1 }), type: 'b' },
    ];
    const waiting = totals.take();
    expect(waiting).toEqual(named);
    totals.putBack(waiting, startAt + 61 * minuteMs);
    expect(totals.take()).toEqual([{ ...countsOf({ startAt, accepted: 4 }), type: furtherTypes }]);
    expect(totals.take()).toEqual([]);
  });
});
