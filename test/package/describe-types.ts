import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { complaintsOf, strictest, type Compiler } from './compilers.js';
import { type ExpressMajor, installInto, optionalPeers, root } from './installed-package.js';
import { packInto } from './pack-into.js';
import { codeBlocksOf } from './readme-code.js';

const consumer = join(__dirname, 'consumer');

/** The README and every page of docs/, with the code they show. */
const pages = ['README.md', ...pagesIn('docs'), ...pagesIn('docs/crms')].map((name) => ({
  name: basename(name),
  blocks: codeBlocksOf(readFileSync(join(root, name), 'utf8')),
}));

function pagesIn(directory: string): readonly string[] {
  const names = readdirSync(join(root, directory)).filter((name) => name.endsWith('.md'));
  return names.map((name) => join(directory, name));
}

/** A CommonJS file in TypeScript: its types must come from the CommonJS half of the package. */
const commonJsUser = `
  import crmNotifier = require('express-crm-notifier');
  export const hook: crmNotifier.RouteHook = crmNotifier.afterBooking('created');
  export const crm: crmNotifier.Notifier = crmNotifier.createNotifier();
`;

/** How apps without any optional peer are compiled. */
const modules = [
  { name: 'ES modules', options: {}, files: ['public-api.ts', 'entries.ts'] },
  { name: 'CommonJS', options: {} },
  // As most CommonJS apps are compiled; until TypeScript 6 this looks up no `exports`.
  { name: 'CommonJS with the default resolution', options: { module: 'commonjs', moduleResolution: undefined } },
  {
    name: 'a bundler',
    options: { module: 'esnext', moduleResolution: 'bundler' },
    files: ['public-api.ts', 'entries.ts'],
  },
];

/** Uses every entry point that needs no optional peer. */
const entries = entryNames()
  .map((name) => `export * as ${name.replaceAll(/\W/g, '_')} from 'express-crm-notifier/${name}';\n`)
  .join('');

function entryNames(): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
  const names = Object.keys(manifest.exports).map((path) => path.replace(/^\.\//, ''));
  return names.filter((name) => /^(?:dashboard|receiver|testing|formats\/.+)$/.test(name));
}

/** What a user's compiler finds in the packed package, and in the code that the documents show. */
export interface TypesOptions {
  readonly compilers: readonly Compiler[];
  /** With the types of which Express. */
  readonly expressMajors: readonly ExpressMajor[];
}

/** Compiles an app that uses the packed package, in every way that users compile. */
export function describeTypes({ compilers, expressMajors }: TypesOptions): void {
  const workshop = mkdtempSync(join(tmpdir(), 'installed-types-'));
  let tarball: string;

  jest.setTimeout(120_000);

  beforeAll(async () => {
    tarball = await packInto(workshop, root);
  });

  afterAll(() => {
    rmSync(workshop, { recursive: true, force: true });
  });

  describe.each(expressMajors)('the types, with those of Express %i', (express) => {
    const project = join(workshop, `app-on-express-${express}`);

    beforeAll(async () => {
      await installInto(project, tarball, express);
      cpSync(consumer, project, { recursive: true });
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(strictest));
      writeFileSync(join(project, 'required.cts'), commonJsUser);
      for (const { name, blocks } of pages) {
        for (const { line, code } of blocks) writeFileSync(join(project, `${name}-from-line-${line}.ts`), code);
      }
    });

    it.each(compilers)('satisfy TypeScript $version, and so does the code in the documents', async (compiler) => {
      const withCode = pages.filter(({ blocks }) => blocks.length > 0).map(({ name }) => name);
      expect(withCode).toEqual(expect.arrayContaining(['README.md', 'client.md', 'delivery.md', 'hooks.md']));
      expect(await complaintsOf(compiler, project)).toBe('');
    });
  });

  describe('the types, where no optional peer is installed', () => {
    const project = join(workshop, 'app-without-optional-peers');

    beforeAll(async () => {
      await installInto(project, tarball, 5, optionalPeers);
      cpSync(join(consumer, 'public-api.ts'), join(project, 'public-api.ts'));
      writeFileSync(join(project, 'required.cts'), commonJsUser);
      for (const file of ['entries.ts', 'entries.cts']) writeFileSync(join(project, file), entries);
    });

    it.each(compilers.flatMap((compiler) => modules.map((kind) => ({ compiler, ...kind }))))(
      'F4: satisfy TypeScript $compiler.version, for $name',
      async ({ compiler, options, files = ['required.cts', 'entries.cts'] }) => {
        const compilerOptions = { ...strictest.compilerOptions, ...options };
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
        expect(await complaintsOf(compiler, project)).toBe('');
      },
    );
  });
}
