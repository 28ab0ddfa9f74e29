import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';

const steps = join(__dirname, '..', '..', '.ci', 'steps.mjs');

describe('the script that runs checks and tests', () => {
  const directory = useTempDirectory();

  const run = (words: string): { readonly code: number | null; readonly lines: string[] } => {
    const scripts = {
      good: 'node -e ""',
      bad: 'node -e "process.exit(3)"',
      tests: `node -e "console.log(['ran', ...process.argv.slice(1)].join(' ')); console.log('7 passed, 0 failed')" --`,
      failing: `node -e "console.log('5 passed, 2 failed'); process.exit(1)"`,
      crashing: `node -e "process.exit(1)"`,
    };
    writeFileSync(join(directory(), 'package.json'), JSON.stringify({ scripts }));
    const { status, stdout } = spawnSync(process.execPath, [steps, ...words.split(' ')], {
      cwd: directory(),
      encoding: 'utf8',
    });
    return { code: status, lines: stdout.trimEnd().split('\n') };
  };

  it.each([
    ['good --beside good --tests tests', 0, '7 passed, 0 failed'],
    ['good --tests failing', 1, '5 passed, 2 failed'],
    ['good --tests crashing', 1, '0 passed, 1 failed'],
  ])('%s: ends with %i and its count', (words, code, closing) => {
    const ended = run(words);
    expect(ended.code).toBe(code);
    expect(ended.lines.filter((line) => line.includes(' passed, '))).toEqual([closing]);
    expect(ended.lines.at(-1)).toBe(closing);
  });

  it('gives the tests what is named after them, and counts what fails beside them', () => {
    const { code, lines } = run('good --beside bad --tests tests test/some');
    expect(code).toBe(1);
    expect(lines).toContain('ran test/some');
    expect(lines.slice(-2)).toEqual(['failed: npm run -s bad', '7 passed, 1 failed']);
  });

  it('runs all that stand together and what follows, but no tests, after a failure', () => {
    const { code, lines } = run('bad good --then good --beside good --tests tests');
    expect(code).toBe(1);
    expect(lines.filter((line) => line.includes(' has passed in '))).toHaveLength(2);
    expect(lines).not.toContain('ran');
    expect(lines.slice(-2)).toEqual(['failed: npm run -s bad', '0 passed, 1 failed']);
  });
});
