import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** A small package whose imports all run along the table. */
const innocent = {
  'src/core/clock.ts': `export const now = 1; export type Clock = typeof now;`,
  'src/telemetry/logger.ts': `export type { now as Logger } from '../core/clock.js';`,
  'src/config/options.ts': `import type { Logger } from '../telemetry/logger.js'; export type Options = typeof Logger;`,
  'src/outbox/outbox.ts': `import type { now } from '../core/clock.js'; export type Outbox = typeof now;`,
  'src/outbox/memory.ts': `import type { Outbox } from './outbox.js'; export type Memory = Outbox;`,
  'src/delivery/engine.ts': `import type { Outbox } from '../outbox/outbox.js'; export type Engine = Outbox;`,
  'src/hooks/hook.ts': `import type { RequestHandler } from 'express'; export type Hook = RequestHandler;`,
  'src/create-notifier.ts': `export * from './hooks/hook.js'; export * from './outbox/memory.js';`,
  'src/index.ts': `export * from './create-notifier.js';`,
  'src/core/ids.ts': `import type { Clock } from './clock.js'; export type Ids = Clock;`,
  'demo-app/main.ts': `export * from 'express-crm-notifier';`,
  'test/a.ts': `export const a = 1;`,
};

/** What must not be, and the rule that says so. */
const guilty = [
  [
    'core-imports-only-what-it-may',
    'src/core/a.ts',
    `import type { Logger } from '../telemetry/logger.js'; export type A = Logger;`,
  ],
  ['hooks-imports-only-what-it-may', 'src/hooks/a.ts', `export * from '../outbox/memory.js';`],
  ['delivery-imports-only-what-it-may', 'src/delivery/a.ts', `export * from '../outbox/memory.js';`],
  ['contract-outbox-knows-no-implementation', 'src/outbox/outbox.ts', `export * from './memory.js';`],
  ['no-circle', 'src/core/clock.ts', `import type { Ids } from './ids.js'; export type Clock = Ids;`],
  ['folder-missing-in-the-table', 'src/gadgets/a.ts', `export * from '../core/clock.js';`],
  ['index-is-the-outside', 'src/middleware/a.ts', `export * from '../index.js';`],
  ['no-orphan', 'src/notifier/a.ts', `export const alone = 1;`],
  ['src-stands-alone', 'src/client/a.ts', `export * from '../../test/a.js';`],
  ['src-needs-no-dev-dependency', 'src/client/b.ts', `import type { z } from 'zod'; export type B = z.ZodAny;`],
  ['only-declared-packages', 'src/client/c.ts', `export * from 'no-such-package';`],
  ['express-only-as-a-type', 'src/middleware/b.ts', `import express from 'express'; export const app = express();`],
  ['demo-app-is-a-user-of-the-package', 'demo-app/a.ts', `export * from '../src/index.js';`],
  ['demo-app-is-no-test', 'demo-app/b.ts', `export * from '../test/a.js';`],
] as const;

describe('the check of import directions', () => {
  const innocentPackage = mkdtempSync(join(tmpdir(), 'innocent-imports-'));
  const guiltyPackage = mkdtempSync(join(tmpdir(), 'guilty-imports-'));
  let refusal: Outcome;

  beforeAll(() => {
    writePackage(innocentPackage, innocent);
    const wrongs = guilty.map(([, path, text]) => [path, text] as const);
    writePackage(guiltyPackage, { ...innocent, ...Object.fromEntries(wrongs) });
    refusal = checkImports(guiltyPackage);
  }, 30_000);

  afterAll(() => {
    for (const directory of [innocentPackage, guiltyPackage]) rmSync(directory, { recursive: true, force: true });
  });

  it('passes this package and its demo', () => {
    const { code, output } = checkImports(root);
    expect(output).toContain('no dependency violations found');
    expect(code).toBe(0);
  }, 30_000);

  it('passes imports that run along the table', () => {
    const { code, output } = checkImports(innocentPackage);
    expect(output).toContain('no dependency violations found');
    expect(code).toBe(0);
  }, 30_000);

  it.each(guilty)('refuses, by the rule %s, what stands in %s', (rule, path) => {
    expect(refusal.output).toContain(`error ${rule}: ${path}`);
  });

  it('ends with an exit code of its own when it refuses something', () => {
    expect(refusal.code).toBeGreaterThan(0);
  });
});

function writePackage(directory: string, files: Readonly<Record<string, string>>): void {
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    copyFileSync(join(root, file), join(directory, file));
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** What `npm run check:imports` does, in a directory. */
function checkImports(directory: string): Outcome {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [depcruise, 'src', 'demo-app'], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { code: status, output: stdout + stderr };
}

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}
