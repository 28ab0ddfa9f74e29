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
    [
      'those in full width, or after what one cannot see',
      ['\uFF1D1', '\uFF0B1', '\uFF0D1', '\uFF20A', '\uFEFF=1', ' =1', '\u00A0\u200B\u0000-1', '\t\u3000@A'],
      "'\uFF1D1,'\uFF0B1,'\uFF0D1,'\uFF20A,'\uFEFF=1,' =1,'\u00A0\u200B\u0000-1,'\t\u3000@A\r\n",
    ],
    ['those that call another program', ['|calc', '%0A=1', ' |x'], "'|calc,'%0A=1,' |x\r\n"],
    ['what has such a sign further on as it is', [' a=b', 'a-b', '1%', '\uFEFFa', ' '], ' a=b,a-b,1%,\uFEFFa, \r\n'],
    ['a formula with quotes', ['=HYPERLINK("http://evil")'], '"\'=HYPERLINK(""http://evil"")"\r\n'],
    ['a number below zero, which is none', [-1], '-1\r\n'],
  ])('has %s', (_what, cells, line) => {
    expect(csvLine(cells)).toBe(line);
  });
});
