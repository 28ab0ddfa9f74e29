import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeCrm } from '../../src/testing/index.js';
import { complaintsOf, olderCompilers, strictest } from '../package/compilers.js';
import { bareEnvironment } from '../helpers/bare-environment.js';
import { root } from '../package/installed-package.js';
import { run } from '../package/pack-into.js';
import { startProgram } from '../package/running-program.js';
import { tarball } from './project.js';
import { recipesOf } from './recipes.js';

const libraries = [
  ...['express@5', '@types/express@5', '@types/node@20', '@photostructure/sqlite@1'],
  ...['zod@4', 'multer@2', '@types/multer@2', 'mongoose@9', 'winston@3', 'log4js@6'],
  ...['@nestjs/common@12', '@nestjs/core@12', '@nestjs/platform-express@12', 'reflect-metadata@0.2', 'rxjs@7'],
  ...['@apollo/server@5', '@as-integrations/express5@1', 'graphql@16', '@trpc/server@11'],
];

const recipes = recipesOf(readFileSync(join(root, 'docs/recipes.md'), 'utf8'));
const workshop = mkdtempSync(join(tmpdir(), 'recipes-'));
const project = join(workshop, 'app');
let complaints: string;

jest.setTimeout(300_000);

beforeAll(async () => {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  await run('npm', ['install', '--no-audit', '--no-fund', ...libraries, tarball], {
    cwd: project,
    env: bareEnvironment(),
    shell: process.platform === 'win32',
  });
  cpSync(join(__dirname, 'programs/serve-recipe.mjs'), join(project, 'serve-recipe.mjs'));
  for (const { file, code } of recipes) writeFileSync(join(project, `${file}.ts`), code);
  // Some of the libraries' own types are not as strict as ours.
  const { compilerOptions } = strictest;
  const options = { ...compilerOptions, experimentalDecorators: true, skipLibCheck: true, noEmit: false };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ ...strictest, compilerOptions: options }));
  complaints = await complaintsOf(olderCompilers[1]!, project);
});

afterAll(() => {
  rmSync(workshop, { recursive: true, force: true });
});

interface Trial {
  readonly path: string;
  readonly init: RequestInit;
  readonly status: number;
  readonly sent: Readonly<Record<string, unknown>>;
}

const booking = (data: object) => ({ notification_type: 'booking_created', user_id: 123, additional_data: data });
const created = booking({ booking_id: 456, session_id: 789, action: 'created' });
const jsonPost = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const waiver = new FormData();
waiver.set('waiver', new Blob(['I know what I do']), 'waiver.txt');
const [member, yogaClass] = ['65f000000000000000000123', '65f000000000000000000789'];
const ids = { userId: 123, sessionId: 789 };

/** What happens when a recipe is used. */
const trials: Readonly<Record<string, Trial>> = {
  'Validation and error answers': { path: '/bookings', init: jsonPost(ids), status: 201, sent: created },
  'File uploads': {
    path: '/members/123/waiver',
    init: { method: 'POST', body: waiver },
    status: 201,
    sent: { notification_type: 'waiver_uploaded', user_id: '123', additional_data: { bytes: 16 } },
  },
  Mongoose: {
    path: '/bookings',
    init: jsonPost({ member, yogaClass }),
    status: 201,
    sent: {
      user_id: member,
      additional_data: {
        booking_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        session_id: yogaClass,
        action: 'created',
      },
    },
  },
  NestJS: { path: '/bookings', init: { method: 'POST' }, status: 201, sent: created },
  'GraphQL with Apollo': {
    path: '/graphql',
    init: jsonPost({ query: 'mutation { book(userId: 123, sessionId: 789) { id } }' }),
    status: 200,
    sent: created,
  },
  tRPC: { path: '/trpc/book', init: jsonPost(ids), status: 200, sent: created },
};
/** Those that have a logger, with which they notify the CRM themselves. */
const loggers = ['Your logger', 'Your logger 2', 'Your logger 3'];

describe('the recipes for other libraries', () => {
  it('are those that are tried here', () => {
    expect(recipes.map(({ name }) => name).sort()).toEqual([...Object.keys(trials), ...loggers].sort());
  });

  it('compile', () => {
    expect(complaints).toBe('');
  });

  it.each(Object.entries(trials))('%s notifies the CRM', async (name, { path, init, status, sent }) => {
    await serving(name, async ({ url, crm }) => {
      const response = await fetch(`${url}${path}`, init);
      expect({ status: response.status, text: await response.text() }).toMatchObject({ status });
      const [taken] = await crm.sent.waitFor();
      expect(taken).toMatchObject(sent);
    });
  });

  it.each(loggers)('%s has a line with its message for what was sent', async (name) => {
    await serving(name, async ({ crm, program }) => {
      await crm.sent.waitFor({ type: 'logged' });
      await program.printed(/^.*CRM notification sent.*/m);
      expect(program.output()).not.toContain('[object Object]');
    });
  });
});

interface Served {
  readonly url: string;
  readonly crm: Awaited<ReturnType<typeof startFakeCrm>>;
  readonly program: ReturnType<typeof startProgram>;
}

/** Serves a recipe, as the compiler has written it, beside a fake CRM while `use` runs. */
async function serving(name: string, use: (served: Served) => Promise<void>): Promise<void> {
  const crm = await startFakeCrm();
  const file = recipes.find((recipe) => recipe.name === name)?.file ?? '';
  const environment = { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: crm.token, CRM_OUTBOX: `.outbox-of-${file}` };
  const program = startProgram(project, ['serve-recipe.mjs', `./${file}.js`], environment);
  try {
    const [, url = ''] = await program.printed(/The recipe is at (\S+)/);
    await use({ url, crm, program });
  } catch (error) {
    throw new Error(`${name}: it printed\n${program.output()}`, { cause: error });
  } finally {
    await program.end('SIGKILL');
    await crm.close();
  }
}
