// Completes the build: bundles what runs in a browser, with the libraries it uses and their licences, into dist/<page>/.

import { build } from 'esbuild';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const source = new URL('src/dashboard/page/', root);
const target = new URL('dist/dashboard/', root);
const notice = '/*! Holds uPlot; its licence is in LICENSES.txt. */';

await build({
  entryPoints: [new URL('dashboard.ts', source).pathname, new URL('dashboard.css', source).pathname],
  outdir: target.pathname,
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome109', 'firefox115', 'safari16.4'],
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: notice, css: notice },
});
for (const file of ['index.html', 'icon.svg']) copyFileSync(new URL(file, source), new URL(file, target));
const licence = readFileSync(new URL('node_modules/uplot/LICENSE', root), 'utf8');
writeFileSync(new URL('LICENSES.txt', target), `uPlot, https://github.com/leeoniya/uPlot\n\n${licence}`);
