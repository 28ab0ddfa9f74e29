// Completes the build: dist/cjs/ is what was compiled; in dist/esm/ each entry point that package.json exports hands on its
// names to those who import it. One copy of the code serves both, so an app that has the package imported and required
// still has one outbox and one kind of error.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('../', import.meta.url);
const require = createRequire(import.meta.url);

writeFileSync(new URL('dist/cjs/package.json', root), JSON.stringify({ type: 'commonjs' }));
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
for (const entry of Object.values(exports)) {
  if (typeof entry === 'string') continue;
  const esm = new URL(entry.import.default, root);
  const cjs = new URL(entry.require.default, root);
  const names = Object.keys(require(cjs.pathname)).sort();
  const depth = entry.import.default.split('/').length - './dist/esm/'.split('/').length;
  const from = `${'../'.repeat(depth + 1)}${entry.require.default.replace('./dist/', '')}`;
  mkdirSync(new URL('.', esm), { recursive: true });
  writeFileSync(esm, `export { ${names.join(', ')} } from '${from}';\n`);
  writeFileSync(new URL(entry.import.types, root), `export * from '${from}';\n`);
}
