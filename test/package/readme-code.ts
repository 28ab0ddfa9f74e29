/** A code block of a Markdown file, made a file of its own. */
export interface CodeBlock {
  /** Of the block's first line of code in the Markdown file, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/**
 * Every block that is fenced as `ts`. A block is a whole file for the compiler, so what it uses but does not show is
 * declared in a comment right before it, which readers of the rendered page do not see:
 *
 *     <!-- ts: declare const app: import('express').Express; -->
 *     ```ts
 *     app.use(crm.middleware());
 *     ```
 */
export function codeBlocksOf(markdown: string): readonly CodeBlock[] {
  const block = /(?:<!-- ts:(?<unseen>(?:(?!-->)[^])*)-->\s*\n)?^```ts\n(?<seen>[^]*?)^```$/gm;
  return [...markdown.matchAll(block)].map((match) => {
    const { unseen = '', seen = '' } = match.groups ?? {};
    const before = markdown.slice(0, match.index + match[0].indexOf('```ts\n'));
    return { line: before.split('\n').length + 1, code: `${unseen.trim()}\n${seen}export {};\n` };
  });
}
