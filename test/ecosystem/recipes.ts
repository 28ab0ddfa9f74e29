/** A block of docs/recipes.md that needs libraries which are not installed here. */
export interface Recipe {
  /** The heading above it, and its number if it is not the first there: `Your logger 2`. */
  readonly name: string;
  /** The same as the name of a file without its ending: `your-logger-2`. */
  readonly file: string;
  readonly code: string;
}

/** Every block that is fenced as `typescript`; those fenced as `ts` are compiled by test/package/installed-package.test.ts. */
export function recipesOf(markdown: string): readonly Recipe[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const heading = section.slice(0, section.indexOf('\n'));
      return [...section.matchAll(/^```typescript\n(?<code>[^]*?)^```$/gm)].map((match, index) => {
        const name = index === 0 ? heading : `${heading} ${String(index + 1)}`;
        return { name, file: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), code: match.groups?.['code'] ?? '' };
      });
    });
}
