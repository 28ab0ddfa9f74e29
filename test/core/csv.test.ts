import { csvLine } from '../../src/core/csv.js';

describe('a line of CSV', () => {
  it.each([
    ['texts and numbers', ['a', 1.5, '', null], 'a,1.5,,\r\n'],
    ['what the format needs quoted', ['a,b', 'say "so"', 'two\r\nlines'], '"a,b","say ""so""","two\r\nlines"\r\n'],
    [
      'formulas, which a spreadsheet must not run',
      ['=1+1', '+1', '-1', '@SUM(A1)', '\tx'],
      "'=1+1,'+1,'-1,'@SUM(A1),'\tx\r\n",
    ],
    ['a formula with quotes', ['=HYPERLINK("http://evil")'], '"\'=HYPERLINK(""http://evil"")"\r\n'],
    ['a number below zero, which is none', [-1], '-1\r\n'],
  ])('has %s', (_what, cells, line) => {
    expect(csvLine(cells)).toBe(line);
  });
});
