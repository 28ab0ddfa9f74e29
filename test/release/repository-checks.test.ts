import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { root } from '../package/installed-package.js';
import { addressDoubts, changelogDoubts, readManifest, treeDoubts } from './repository-checks.js';

describe('the addresses in package.json', () => {
  const manifest = readManifest(root);

  it('F18: are set and agree', () => {
    expect(addressDoubts(manifest)).toEqual([]);
    expect(manifest.keywords.length).toBeGreaterThan(10);
  });

  it('are doubted where one was forgotten when the repository moved', () => {
    const repository = { url: 'git+https://github.com/elsewhere/express-crm-notifier.git' };
    expect(addressDoubts({ ...manifest, repository })).toEqual([
      expect.stringContaining('homepage'),
      expect.stringContaining('set it to https://github.com/elsewhere/express-crm-notifier/issues'),
    ]);
    expect(addressDoubts({ ...manifest, repository: { url: 'git@github.com:a/b' } })).toHaveLength(1);
  });
});

describe('the changelog', () => {
  const page = (heading: string, text: string): string => `# Changelog\n\n${heading}\n\n${text}\n\n## 0.1.0\n\nOld.\n`;

  it.each([
    ['## Unreleased', 'An entry.', []],
    ['## [1.2.3] - 2026-12-01', '- An entry.', []],
    ['## 1.2.3', '', [expect.stringContaining('no entry for 1.2.3')]],
    ['## Unreleased', '', [expect.stringContaining('write what users will notice')]],
    ['## About', 'No entry.', [expect.stringContaining('no entry')]],
  ])('with %s and "%s" is doubted as expected', (heading, text, doubts) => {
    expect(changelogDoubts(page(heading, text), '1.2.3')).toEqual(doubts);
  });
});

describe('the working tree', () => {
  const directory = useTempDirectory();

  it('is doubted while something is not committed, unless that is allowed', async () => {
    execFileSync('git', ['init', '--quiet'], { cwd: directory() });
    expect(await treeDoubts(directory(), false)).toEqual([]);
    writeFileSync(join(directory(), 'new.ts'), '');
    expect(await treeDoubts(directory(), false)).toEqual([expect.stringContaining('not committed (files: 1)')]);
    expect(await treeDoubts(directory(), true)).toEqual([]);
  });
});
