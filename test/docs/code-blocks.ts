/**
 * The code block of a language under a heading of a page, such as the `yaml` one under `Docker`; the first if there are more.
 * Throws if there is none, so that a renamed heading is noticed.
 */
export function blockUnder(page: string, heading: string, language: string): string {
  const section = page.split(/^(?=#+ )/m).find((text) => text.startsWith(`## ${heading}\n`));
  const code = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(section ?? '')?.[1];
  if (code === undefined) throw new Error(`there is no ${language} block under "${heading}"`);
  return code;
}
