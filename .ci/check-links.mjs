// Checks that no link of our Markdown pages is dead. A relative link needs a file in the repository, with the heading that it
// names: GitHub and npmjs.com resolve it there. Others must be https or on this machine; nothing is fetched. With a directory
// as its argument it checks that instead; outside of a git repository it checks the pages that lie there.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import GithubSlugger from 'github-slugger';
import { lexer, walkTokens } from 'marked';

const root = resolve(process.argv[2] ?? '.');
const dead = pagesOf(root).flatMap((page) =>
  linksOf(page).flatMap((href) => {
    const problem = problemOf(page, href);
    return problem === undefined ? [] : [`${page} links to ${href}: ${problem}`];
  }),
);
for (const line of dead) console.error(line);
if (dead.length > 0) process.exitCode = 1;

function pagesOf(directory) {
  try {
    const options = { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    // Also those that are new, but not what is ignored.
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], options);
    return listed.split('\n').filter((page) => page !== '' && existsSync(join(directory, page)));
  } catch {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return files.filter((file) => file.endsWith('.md') && !file.includes('node_modules')).sort();
  }
}

function problemOf(page, href) {
  if (/^(https:\/\/|http:\/\/localhost[:/])/.test(href)) return undefined;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return 'it is neither https nor a file';
  const [path, heading] = href.split('#');
  const file = path === '' ? join(root, page) : resolve(root, dirname(page), decodeURI(path));
  if (relative(root, file).startsWith('..')) return 'that is outside of the repository';
  if (!existsSync(file)) return 'there is no such file';
  if (heading === undefined || statSync(file).isDirectory()) return undefined;
  return headingsOf(file).has(heading) ? undefined : 'there is no such heading';
}

function linksOf(page) {
  const links = [];
  walkTokens(lexer(readFileSync(join(root, page), 'utf8')), (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(token.href);
    if (token.type === 'html')
      for (const [, href] of token.text.matchAll(/\b(?:src|srcset|href)="(.*?)"/g)) links.push(href);
  });
  return links;
}

function headingsOf(file) {
  const slugger = new GithubSlugger();
  const slugs = new Set();
  walkTokens(lexer(readFileSync(file, 'utf8')), (token) => {
    // Of what is shown, without the marks of code and emphasis.
    if (token.type === 'heading') slugs.add(slugger.slug(token.text.replaceAll(/[`*]/g, '')));
  });
  return slugs;
}
