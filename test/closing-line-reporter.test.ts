import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const jestProgram = require.resolve('jest/bin/jest');
const reporter = join(__dirname, 'closing-line-reporter.mjs');

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'closing-line-'));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ jest: { reporters: ['default', reporter] } }));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Runs jest on suites of the given texts; answers with its exit code and its last line. */
function closingOf(...suites: string[]): { code: number | null; lastLine: string | undefined } {
  for (const [index, text] of suites.entries()) writeFileSync(join(directory, `suite-${index}.test.js`), text);
  // One pipe for both streams, as a terminal has them: what jest itself says last must come before.
  const { status, stdout } = spawnSync(`"${process.execPath}" "${jestProgram}" --rootDir . 2>&1`, {
    cwd: directory,
    encoding: 'utf8',
    shell: true,
  });
  return { code: status, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

describe('the closing line of a run', () => {
  it('counts what passed', () => {
    const { code, lastLine } = closingOf(`it('a', () => {}); it.skip('b', () => {}); it('c', () => {});`);
    expect(lastLine).toBe('2 passed, 0 failed');
    expect(code).toBe(0);
  }, 30_000);

  it('counts failed tests, and a suite that could not run as one of them', () => {
    const { code, lastLine } = closingOf(
      `it('a', () => {}); it('b', () => { throw new Error('b'); });`,
      `throw new Error('before any test');`,
    );
    expect(lastLine).toBe('1 passed, 2 failed');
    expect(code).toBe(1);
  }, 30_000);
});
