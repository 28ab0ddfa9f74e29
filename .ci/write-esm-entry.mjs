// Completes the build: dist/cjs/ is what was compiled, dist/esm/ hands on its names to those who import the package. One
// copy of the code serves both, so an app that has it imported and required still has one outbox and one kind of error.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const dist = new URL('../dist/', import.meta.url);

writeFileSync(new URL('cjs/package.json', dist), JSON.stringify({ type: 'commonjs' }));
const names = Object.keys(createRequire(import.meta.url)('../dist/cjs/index.js')).sort();
mkdirSync(new URL('esm/', dist));
writeFileSync(new URL('esm/index.js', dist), `export { ${names.join(', ')} } from '../cjs/index.js';\n`);
writeFileSync(new URL('esm/index.d.ts', dist), "export * from '../cjs/index.js';\n");
