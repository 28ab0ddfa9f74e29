import { systemClock } from '../../src/core/clock.js';

describe('the system clock', () => {
  it('shows instants and spans', () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    const earlier = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(earlier);
  });

  it('calls back once after the delay', async () => {
    const startedAt = performance.now();
    await new Promise<void>((resolve) => systemClock.after(30, resolve));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
  });

  it('does not call back what was cancelled', async () => {
    let isCalled = false;
    systemClock.after(1, () => {
      isCalled = true;
    })();
    await new Promise<void>((resolve) => systemClock.after(10, resolve));
    expect(isCalled).toBe(false);
  });

  it.each([2 ** 31 - 1, 2 ** 31, 1e12, Infinity])('case 42: a wait of %d ms does not end at once', async (delayMs) => {
    let isCalled = false;
    const cancel = systemClock.after(delayMs, () => {
      isCalled = true;
    });
    await new Promise<void>((resolve) => systemClock.after(10, resolve));
    cancel();
    expect(isCalled).toBe(false);
  });
});
