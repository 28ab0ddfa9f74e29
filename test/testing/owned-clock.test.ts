import { createOwnedClock } from 'express-crm-notifier/testing';

describe('an owned clock', () => {
  it('stands still until it is moved, and then runs timers in order', async () => {
    const clock = createOwnedClock(1_000);
    const called: string[] = [];
    clock.after(20, () => called.push(`second at ${clock.now()}`));
    clock.after(10, () => {
      called.push(`first at ${clock.now()}`);
      clock.after(5, () => called.push(`between at ${clock.now()}`));
    });
    clock.after(15, () => called.push('cancelled'))();
    await clock.advance(0);
    expect(called).toEqual([]);
    await clock.advance(30);
    expect(called).toEqual(['first at 1010', 'between at 1015', 'second at 1020']);
    expect(clock.now()).toBe(1_030);
    expect(clock.monotonicMs()).toBe(30);
    expect(clock.timerCount).toBe(0);
  });

  it('leaps: timers that became due meanwhile run late', async () => {
    const clock = createOwnedClock(0);
    let calledAt = 0;
    clock.after(10, () => (calledAt = clock.monotonicMs()));
    await clock.leap(3_600_000);
    expect(calledAt).toBe(3_600_000);
  });

  it('jumps the wall clock without any timer becoming due', async () => {
    const clock = createOwnedClock(1_000);
    clock.after(10, () => undefined);
    clock.jumpWall(-500);
    await clock.advance(0);
    expect(clock.now()).toBe(500);
    expect(clock.monotonicMs()).toBe(0);
    expect(clock.timerCount).toBe(1);
  });

  it('moves forward until a promise settles, and returns its value', async () => {
    const clock = createOwnedClock();
    const due = new Promise<string>((resolve) => clock.after(25, () => resolve('due')));
    expect(await clock.advanceUntil(due)).toBe('due');
    expect(clock.monotonicMs()).toBe(25);
    await expect(clock.advanceUntil(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await expect(clock.advanceUntil(new Promise(() => undefined), 40)).rejects.toThrow('not settled after 40 ms');
  });

  it.each([-1, NaN, Infinity, -Infinity])('refuses to move forward by %d', async (ms) => {
    const clock = createOwnedClock(1_000);
    clock.after(0, () => undefined);
    await expect(clock.advance(ms)).rejects.toThrow(RangeError);
    await expect(clock.leap(ms)).rejects.toThrow(RangeError);
    await expect(clock.advanceUntil(Promise.resolve(), ms)).rejects.toThrow(RangeError);
    expect(clock.now()).toBe(1_000);
    expect(clock.timerCount).toBe(1);
  });

  it('refuses an instant that is not a number', () => {
    expect(() => createOwnedClock(NaN)).toThrow(RangeError);
    expect(() => {
      createOwnedClock().jumpWall(NaN);
    }).toThrow(RangeError);
  });
});
