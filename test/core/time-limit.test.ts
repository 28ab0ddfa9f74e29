import { timeLimitOf } from '../../src/core/time-limit.js';

describe('a time limit of the app’s', () => {
  it.each<[given: unknown, ms: number]>([
    [200, 200],
    [0, 0],
    [0.5, 0.5],
    ['200', 200],
    [-1, 0],
    [-Infinity, 0],
    [Infinity, 2 ** 31 - 1],
    [1e20, 2 ** 31 - 1],
    [NaN, 5_000],
    ['soon', 5_000],
    [undefined, 5_000],
    [null, 5_000],
    [{}, 5_000],
  ])('%p is %p', (given, ms) => {
    expect(timeLimitOf(given, 5_000)).toBe(ms);
  });
});
