import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProject, type Project } from './project.js';

const repository = join(__dirname, '../..');
const page = readFileSync(join(repository, 'docs/testing.md'), 'utf8');

/** The app and its test as docs/testing.md prints them, under "Your routes", and the line that it has for vitest. */
const app = printed(/^```ts\n(?<code>(?:(?!^```$)[^])*export function createApp[^]*?)^```$/m);
const test = printed(/^```typescript\n(?<code>[^]*?)^```$/m);
const vitestImport = printed(/`(?<code>import \{[^`]*\} from 'vitest')`/);
const nodeTest = printed(/^```ts\n(?<code>(?:(?!^```$)[^])*node:test[^]*?)^```$/m);
/** The line for ts-jest and Babel, because the test imports './app.js', which is app.ts. */
const moduleNameMapper = JSON.parse(printed(/^\s*"moduleNameMapper": (?<code>\{.*\})/m)) as unknown;
const testCount = [...test.matchAll(/^ {2}it\(/gm)].length;

const common = [
  'express@5',
  '@types/express@5',
  '@types/node@20',
  'supertest@7',
  '@types/supertest@7',
  'typescript@5.9',
];
const compilerOptions = {
  target: 'es2022',
  module: 'node16',
  strict: true,
  esModuleInterop: true,
  skipLibCheck: true,
  isolatedModules: true,
};

describe('the example of docs/testing.md', () => {
  it('has tests, and everything they use is imported for vitest', () => {
    expect(testCount).toBeGreaterThanOrEqual(4);
    for (const name of ['afterEach', 'beforeEach', 'describe', 'expect', 'it']) expect(vitestImport).toContain(name);
  });

  // Each major version needs a newer Node than the one before.
  const nodeMajor = Number(process.versions.node.split('.')[0]);
  it.each(nodeMajor >= 22 ? ['3', '4', '5'] : ['3', '4'])('F21: runs as printed with vitest %s', async (version) => {
    const project = await createProject(`vitest ${version}`, [...common, `vitest@${version}`], {
      manifest: { type: 'module' },
      files: { 'app.ts': app, 'app.test.ts': `${vitestImport};\n${test}` },
    });
    const { stdout } = await project.run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
      NO_COLOR: '1',
    });
    expect(stdout).toMatch(new RegExp(`Tests +${testCount} passed`));
  });

  it.each(['29', '30'])('runs as printed with jest %s and ts-jest', async (version) => {
    const project = await createProject(`jest ${version}, ts-jest`, [...jest(version), 'ts-jest@29'], {
      manifest: { jest: { preset: 'ts-jest', moduleNameMapper } },
      files: { 'app.ts': app, 'app.test.ts': test, 'tsconfig.json': JSON.stringify({ compilerOptions }) },
    });
    await expectPassed(project, []);
  });

  it.each(['29', '30'])('runs as printed with jest %s and Babel', async (version) => {
    const babel = [`babel-jest@${version}`, '@babel/core@7', '@babel/preset-env@7', '@babel/preset-typescript@7'];
    const presets = [['@babel/preset-env', { targets: { node: 'current' } }], '@babel/preset-typescript'];
    const project = await createProject(`jest ${version}, Babel`, [...jest(version), ...babel], {
      manifest: { jest: { moduleNameMapper }, babel: { presets } },
      files: { 'app.ts': app, 'app.test.ts': test },
    });
    await expectPassed(project, []);
  });

  it.each(['29', '30'])('runs with jest %s as compiled, in ES modules and in CommonJS', async (version) => {
    const project = await createProject(`jest ${version}, compiled`, jest(version), {
      manifest: { type: 'module', jest: { transform: {}, testMatch: ['**/out/*.test.js'] } },
      files: { 'app.ts': app, 'app.test.ts': test },
    });
    await compileInto(project, 'module');
    await expectPassed(project, ['--experimental-vm-modules', '--no-warnings']);
    project.write({ 'package.json': JSON.stringify({ jest: { transform: {}, testMatch: ['**/out/*.test.js'] } }) });
    await compileInto(project, 'commonjs');
    await expectPassed(project, []);
  });
});

describe('node:test', () => {
  let project: Project;

  beforeAll(async () => {
    const kit = ['testing-kit.mjs', 'testing-kit.cjs'];
    project = await createProject('node:test', [...common, 'tsx@4'], {
      manifest: { type: 'module' },
      files: {
        ...Object.fromEntries(
          kit.map((name) => [name, readFileSync(join(repository, 'test/package/consumer', name), 'utf8')]),
        ),
        'first.test.ts': nodeTest,
      },
    });
  });

  it('runs the first example of docs/testing.md as printed', async () => {
    const { stdout } = await project.run(process.execPath, ['--import', 'tsx', '--test', 'first.test.ts']);
    expect(stdout).toMatch(/^(# |ℹ )pass 1$/m);
  });

  it.each(['testing-kit.mjs', 'testing-kit.cjs'])('tests a route, in %s', async (file) => {
    const { stdout } = await project.run(process.execPath, ['--test', file]);
    expect(stdout).toMatch(/^(# |ℹ )fail 0$/m);
    expect(stdout).toMatch(/^(# |ℹ )pass [1-9]$/m);
  });
});

function jest(version: string): readonly string[] {
  return [...common, `jest@${version}`, `@types/jest@${version}`];
}

async function expectPassed(project: Project, nodeOptions: readonly string[]): Promise<void> {
  const args = [...nodeOptions, 'node_modules/jest/bin/jest.js', '--colors=false'];
  const { stderr } = await project.run(process.execPath, args);
  expect(stderr).toContain(`Tests:       ${testCount} passed, ${testCount} total`);
  // What jest says of something that is left open.
  expect(stderr).not.toMatch(/did not exit|failed to exit/);
}

async function compileInto(project: Project, type: 'module' | 'commonjs'): Promise<void> {
  const types = ['node', 'jest'];
  project.write({
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...compilerOptions, types, outDir: 'out' },
      files: ['app.test.ts'],
    }),
    'out/package.json': JSON.stringify({ type }),
  });
  await project.run(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false']);
}

function printed(pattern: RegExp): string {
  const code = pattern.exec(page)?.groups?.['code'];
  if (code === undefined) throw new Error(`docs/testing.md has nothing that matches ${pattern}`);
  return code;
}
