// Completes the build: bundles what runs in a browser, with the libraries it uses and their licences, into dist/<page>/.

import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const common = {
  bundle: true,
  minify: true,
  target: ['chrome109', 'firefox115', 'safari16.4'],
  charset: 'utf8',
  legalComments: 'none',
};
await bundleDashboard();
await bundleCrmPage();

async function bundleDashboard() {
  const source = new URL('src/dashboard/page/', root);
  const target = new URL('dist/dashboard/', root);
  const notice = '/*! Holds uPlot; its licence is in LICENSES.txt. */';
  await build({
    ...common,
    entryPoints: [new URL('dashboard.ts', source).pathname, new URL('dashboard.css', source).pathname],
    outdir: target.pathname,
    format: 'iife',
    banner: { js: notice, css: notice },
  });
  for (const file of ['index.html', 'icon.svg']) copyFileSync(new URL(file, source), new URL(file, target));
  const licence = readFileSync(new URL('node_modules/uplot/LICENSE', root), 'utf8');
  writeFileSync(new URL('LICENSES.txt', target), `uPlot, https://github.com/leeoniya/uPlot\n\n${licence}`);
}

/** One file: the script and the style are put into the page. */
async function bundleCrmPage() {
  const source = new URL('src/cli/crm-page/', root);
  const target = new URL('dist/crm-page/', root);
  const { outputFiles } = await build({
    ...common,
    entryPoints: [new URL('page.ts', source).pathname, new URL('page.css', source).pathname],
    outdir: target.pathname,
    format: 'esm',
    write: false,
  });
  let page = readFileSync(new URL('index.html', source), 'utf8');
  for (const { path, text } of outputFiles) {
    const end = path.endsWith('.js') ? '</script>' : '</style>';
    if (text.includes(end.slice(0, -1))) throw new Error(`${path} cannot stand in the page: it has ${end} in it`);
    page = page.replace(`>${end}`, () => `>${text.trim()}${end}`);
  }
  mkdirSync(target, { recursive: true });
  writeFileSync(new URL('index.html', target), page);
}
