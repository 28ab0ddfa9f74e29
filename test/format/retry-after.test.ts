import { parseRetryAfter } from '../../src/format/reply-rules.js';

const now = Date.parse('2026-11-24T01:00:00Z');

describe('Retry-After', () => {
  it.each<[value: string | string[] | undefined, waitMs: number | undefined]>([
    [undefined, undefined],
    ['120', 120_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1e9', undefined],
    ['Infinity', undefined],
    ['0x10', undefined],
    ['1, 99', undefined],
    [['1', '99'], undefined],
    ['2099-01-01', undefined],
    ['12345678901234567890', Number('12345678901234567890000')],
    ['Tue, 24 Nov 2026 01:02:00 GMT', 120_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Tuesday, 24-Nov-26 01:02:00 GMT', 120_000],
    ['Tue Nov 24 01:02:00 2026', 120_000],
    ['Tue, 24 Nov 2026 01:02:00 CET', undefined],
    ['Foo, 99 Nov 2026 99:99:99 GMT', undefined],
  ])('case 42: %j means %p ms', (value, waitMs) => {
    expect(parseRetryAfter(value, now)).toBe(waitMs);
  });
});
