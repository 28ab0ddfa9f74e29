import type { PauseChange } from '../../src/history/history.js';
import { isDifference, pausedByHand, resumedBy } from '../../src/history/paused-by-hand.js';

const changed = (isPaused: boolean, target: string | null, by: string, at: number): PauseChange => {
  return { target, isPaused, by, at };
};

describe('what is paused by hand', () => {
  it('is what was paused last and not resumed since, by itself or with all', () => {
    const all = [changed(true, null, 'ada', 1)];
    expect(pausedByHand([], 'crm')).toBeNull();
    expect(pausedByHand(all, 'crm')).toEqual({ by: 'ada', since: 1 });
    const butSales = [...all, changed(false, 'sales', 'bob', 2)];
    expect(pausedByHand(butSales, 'sales')).toBeNull();
    expect(resumedBy(butSales, 'sales')).toBe('bob');
    expect(pausedByHand(butSales, 'crm')).toEqual({ by: 'ada', since: 1 });
    const noneAnyMore = [changed(true, 'sales', 'bob', 2), changed(false, null, 'ada', 3)];
    expect(pausedByHand(noneAnyMore, 'sales')).toBeNull();
    expect(resumedBy(noneAnyMore, 'sales')).toBe('ada');
  });

  it('names who paused first, whatever the clock showed', () => {
    const changes = [changed(true, 'crm', 'ada', 9), changed(true, null, 'bob', 5)];
    expect(pausedByHand(changes, 'crm')).toEqual({ by: 'ada', since: 9 });
    expect(pausedByHand(changes, 'sales')).toEqual({ by: 'bob', since: 5 });
  });

  it('changes by nothing that is so already', () => {
    const one = [changed(true, 'crm', 'ada', 1)];
    const isDifferent = (isPaused: boolean, target: string | null, changes = one) =>
      isDifference(changes, { target, isPaused });
    expect([isDifferent(true, 'crm'), isDifferent(false, 'crm'), isDifferent(false, 'sales')]).toEqual([
      false,
      true,
      false,
    ]);
    // All are more than those that are known.
    expect([isDifferent(true, null), isDifferent(false, null)]).toEqual([true, true]);
    expect([isDifferent(true, null, []), isDifferent(false, null, [])]).toEqual([true, false]);
    const all = [...one, changed(true, null, 'bob', 2)];
    expect([isDifferent(true, null, all), isDifferent(true, 'sales', all)]).toEqual([false, false]);
  });
});
