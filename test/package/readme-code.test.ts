import { codeBlocksOf } from './readme-code.js';

const page = (...lines: string[]) => lines.join('\n');

describe('the code blocks of a page', () => {
  it('are those fenced as ts, with the line they begin at', () => {
    const markdown = page(
      '# Title',
      '```ts',
      'const a = 1;',
      '```',
      '```sh',
      'npm ci',
      '```',
      '```ts',
      'const b = 2;',
      '```',
    );
    expect(codeBlocksOf(markdown)).toEqual([
      { line: 3, code: '\nconst a = 1;\nexport {};\n' },
      { line: 9, code: '\nconst b = 2;\nexport {};\n' },
    ]);
  });

  it('know what the comment right before them declares, and no other comment', () => {
    const markdown = page(
      '<!-- ts: declare const gone: 1; -->',
      '',
      'Text',
      '',
      '<!-- ts:',
      'declare const app: 1;',
      '-->',
      '```ts',
      'app;',
      '```',
    );
    expect(codeBlocksOf(markdown)).toEqual([{ line: 9, code: 'declare const app: 1;\napp;\nexport {};\n' }]);
  });

  it('are none on a page without any', () => {
    expect(codeBlocksOf('```js\nlet a;\n```\n')).toEqual([]);
  });
});
