import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';

const script = join(__dirname, '../../.ci/check-commit-subjects.mjs');
const hasGit = spawnSync('git', ['--version']).status === 0;

(hasGit ? describe : describe.skip)('the check of commit subjects', () => {
  const directory = useTempDirectory();

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory(),
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  const commit = (subject: string): string => {
    git('commit', '-q', '--allow-empty', '-m', subject, '-m', 'b'.repeat(100));
    return git('rev-parse', 'HEAD');
  };
  const check = (base: string): { code: number | null; stderr: string } => {
    const { status, stderr } = spawnSync(process.execPath, [script, base], { cwd: directory(), encoding: 'utf8' });
    return { code: status, stderr };
  };

  it('takes 72 characters, and names what is longer and new', () => {
    git('init', '-q');
    commit('o'.repeat(73));
    const base = commit('base');
    commit('ü'.repeat(72));
    expect(check(base)).toEqual({ code: 0, stderr: '' });

    const long = commit('n'.repeat(73));

    const { code, stderr } = check(base);
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/more than 72 characters: \w+ n{73}$/)]);
    expect(stderr).toContain(long.slice(0, 7));
  });

  it('leaves merges alone', () => {
    git('init', '-q', '-b', 'main');
    const base = commit('base');
    git('checkout', '-q', '-b', 'other');
    commit('on a branch');
    git('checkout', '-q', 'main');
    commit('on main');
    git('merge', '-q', '-m', 'm'.repeat(100), 'other');

    expect(check(base)).toEqual({ code: 0, stderr: '' });
  });

  it('has nothing to check where the base or the repository is missing', () => {
    git('init', '-q');
    commit('n'.repeat(73));
    expect(check('0123456789012345678901234567890123456789')).toEqual({ code: 0, stderr: '' });
    rmSync(join(directory(), '.git'), { recursive: true });
    expect(check('0123456789012345678901234567890123456789')).toEqual({ code: 0, stderr: '' });
  });
});
