import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';

describe('F18: the check of links', () => {
  const directory = useTempDirectory();
  const write = (name: string, text: string): void => {
    mkdirSync(join(directory(), name, '..'), { recursive: true });
    writeFileSync(join(directory(), name), text);
  };
  const check = (): Promise<{ code: number | null; dead: readonly string[] }> =>
    new Promise((resolve) => {
      const script = join(__dirname, '../../.ci/check-links.mjs');
      const child = execFile(process.execPath, [script, directory()], (_error, _stdout, stderr) => {
        resolve({ code: child.exitCode, dead: stderr.split('\n').filter((line) => line !== '') });
      });
    });

  it('is content with links to a file, to a heading and to a web page', async () => {
    write('docs/guide.md', '# The `first` hour\n\n## Links\n\n## Links\n\n[up](../README.md), [two](#links-1)\n');
    const links = '[a](docs/guide.md#the-first-hour) ![b](docs/b.png) [c](https://example.com) [d](docs)';
    write('README.md', links);
    write('docs/b.png', '');
    expect(await check()).toEqual({ code: 0, dead: [] });
  });

  it('names each link that is dead', async () => {
    write('other.md', '# Other\n');
    write('film.png', '');
    const html = '<picture><source srcset="still.png" /><img src="film.png" alt="" /></picture>';
    const links = '[a](missing.md) [b](other.md#none) ![c](../out.png) [d](http://example.com) `[e](no-link)`';
    write('README.md', `${html}\n\n${links}`);
    expect(await check()).toEqual({
      code: 1,
      dead: [
        'README.md links to still.png: there is no such file',
        'README.md links to missing.md: there is no such file',
        'README.md links to other.md#none: there is no such heading',
        'README.md links to ../out.png: that is outside of the repository',
        'README.md links to http://example.com: it is neither https nor a file',
      ],
    });
  });
});
