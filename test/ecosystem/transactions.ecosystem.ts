import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { runStatement } from '../../demo-app/postgres-server.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { createProject, installByNpm, type Project, type ProjectOptions } from './project.js';

const page = join(__dirname, '../../docs/transactions.md');
const drizzle1 = '1.0.0-rc.5-ab785fc';
const sequelize7 = '7.0.0-alpha.48';
const prismaPackages = (major: string): string[] =>
  ['prisma', '@prisma/client', '@prisma/adapter-pg'].map((name) => `${name}@${major}`);

const allLibraries = [
  'typescript@5.9',
  '@types/node@20',
  '@types/express@5',
  'pg@8',
  '@types/pg@8',
  'postgres@3',
  'knex@3',
  'kysely@0.28',
  'drizzle-orm@0.45',
  'typeorm@1',
  'reflect-metadata@0.2',
  'sequelize@6',
  '@mikro-orm/core@6.6.16',
  '@mikro-orm/postgresql@6.6.16',
  ...prismaPackages('7'),
];

/** An example's pool stays open, as an app's does. */
const bookingProgram = `
  import { crm } from './crm.js';
  import { book } from './example.mjs';
  await book(crm, 123, 789);
  process.exit(0);
`;

const typedApp = `
  import type { MikroORM } from '@mikro-orm/postgresql';
  import type { PrismaClient } from '@prisma/client';
  import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
  import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
  import type { Knex } from 'knex';
  import type { Kysely } from 'kysely';
  import type { Client, Pool, PoolClient } from 'pg';
  import type { Sql } from 'postgres';
  import type { Sequelize } from 'sequelize';
  import type { DataSource, QueryRunner } from 'typeorm';
  import type { Notifier } from 'express-crm-notifier';

  declare const crm: Notifier;
  const take = async (tx: Parameters<Notifier['in']>[0]): Promise<void> => {
    await crm.in(tx).notify({ notificationType: 'seen', userId: 123, message: 'Seen' });
  };
  declare const client: Client, poolClient: PoolClient, pool: Pool, sql: Sql, knex: Knex, kysely: Kysely<{ a: { b: string } }>;
  declare const onPg: NodePgDatabase, onPostgresJs: PostgresJsDatabase, dataSource: DataSource, queryRunner: QueryRunner;
  declare const sequelize: Sequelize, orm: MikroORM, prisma: PrismaClient;

  await take(client);
  await take(poolClient);
  await take((text, values) => client.query(text, values));
  await sql.begin((tx) => tx.savepoint(take).then(() => take(tx)));
  await knex.transaction((trx) => take(trx));
  await take(await knex.transaction());
  await kysely.transaction().execute(take);
  await take(await kysely.startTransaction().execute());
  await onPg.transaction((tx) => tx.transaction(take).then(() => take(tx)));
  await onPostgresJs.transaction((tx) => take(tx));
  await dataSource.transaction((manager) => take(manager));
  await take(queryRunner);
  await sequelize.transaction((transaction) => take(transaction));
  await take(await sequelize.transaction());
  await orm.em.transactional((em) => take(em));
  await prisma.$transaction((tx) => take(tx));

  // @ts-expect-error
  await take(pool);
  // @ts-expect-error
  await take(sql);
  // @ts-expect-error
  await take(knex);
  // @ts-expect-error
  await take(kysely);
  // @ts-expect-error
  await take(onPg);
  // @ts-expect-error
  await take(onPostgresJs);
  // @ts-expect-error
  await take(dataSource);
  // @ts-expect-error
  await take(sequelize);
  // @ts-expect-error
  await take(prisma);
  // @ts-expect-error A promise is no transaction yet.
  await take(sequelize.transaction());
  // @ts-expect-error Nobody would hear of a failure.
  await take((text: string) => undefined);
`;

/** Where an engine of Prisma would be: `generate` runs none, but fetches them from a host of Prisma's unless it is told. */
const noEngine = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_QUERY_ENGINE_LIBRARY: '/bin/true' };

/** Prisma's client compiles its queries by WebAssembly, which is in its package. `datasource`: what version 6 needs besides. */
const withPrisma = (datasource = ''): ProjectOptions => ({
  files: {
    'prisma/schema.prisma': `
      datasource db {
        provider = "postgresql"
        ${datasource}
      }
      generator client {
        provider   = "prisma-client-js"
        engineType = "client"
      }
      model Booking {
        id        Int @id @default(autoincrement())
        userId    Int @map("user_id")
        sessionId Int @map("session_id")
        @@map("bookings")
      }
    `,
  },
  install: async (project, packages) => {
    const installed = await installByNpm(project, ['--ignore-scripts', ...packages]);
    await project.run('npx', ['prisma', 'generate'], { ...noEngine, CHECKPOINT_DISABLE: '1' });
    return installed;
  },
});

interface Library {
  /** The program's name for it in programs/transactions.mjs. */
  readonly program: string;
  readonly packages: readonly string[];
  /** The Node that it needs, if that is newer than ours. */
  readonly nodeMajor?: number;
  readonly options?: ProjectOptions;
}

/** The libraries that the tests in test/transaction/ do not have, or have in another version. */
const libraries: Readonly<Record<string, Library>> = {
  'pg 8.7': { program: 'pg', packages: ['pg@8.7.0'] },
  'postgres.js 3.0': { program: 'postgres', packages: ['postgres@3.0.0', 'pg@8'] },
  'knex 1': { program: 'knex', packages: ['knex@1', 'pg@8'] },
  'knex 2': { program: 'knex', packages: ['knex@2', 'pg@8'] },
  'kysely 0.27': { program: 'kysely', packages: ['kysely@0.27', 'pg@8'] },
  'kysely, the newest': { program: 'kysely', packages: ['kysely@latest', 'pg@8'], nodeMajor: 22 },
  'drizzle 0.36': { program: 'drizzle', packages: ['drizzle-orm@0.36', 'pg@8'] },
  'drizzle 1 with pg': { program: 'drizzle', packages: [`drizzle-orm@${drizzle1}`, 'pg@8'] },
  'drizzle 1 with postgres.js': {
    program: 'drizzle-postgres-js',
    packages: [`drizzle-orm@${drizzle1}`, 'postgres@3', 'pg@8'],
  },
  'typeorm 0.3': { program: 'typeorm', packages: ['typeorm@0.3', 'reflect-metadata@0.2', 'pg@8'] },
  'sequelize 7': {
    program: 'sequelize-7',
    packages: [`@sequelize/core@${sequelize7}`, `@sequelize/postgres@${sequelize7}`],
  },
  'mikro-orm 5': { program: 'mikro-orm', packages: ['@mikro-orm/core@5', '@mikro-orm/postgresql@5'] },
  'mikro-orm 7': { program: 'mikro-orm', packages: ['@mikro-orm/core@7', '@mikro-orm/postgresql@7'], nodeMajor: 22 },
  'Prisma 6': { program: 'prisma', packages: prismaPackages('6'), options: withPrisma('url = env("DATABASE_URL")') },
  'Prisma 7': { program: 'prisma', packages: prismaPackages('7'), options: withPrisma() },
};

const ownMajor = Number.parseInt(process.versions.node, 10);

/** Where no CRM is: what was written stays in the outbox. */
const nowhere = { CRM_BASE_URL: 'http://127.0.0.1:9', CRM_AUTH_TOKEN: 'ecosystem' };

async function rowsOf(url: string, query: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(query).finally(() => client.end());
  return rows;
}

describeOnPostgres('transactions', () => {
  const createDatabase = usePostgres();

  for (const [name, { program, packages, nodeMajor = 20, options }] of Object.entries(libraries)) {
    (ownMajor < nodeMajor ? it.skip : it)(
      `of ${name}: what the app writes is there with its commit, else not`,
      async () => {
        const DATABASE_URL = await createDatabase();
        const project = await createProject(`transactions of ${name}`, packages, options);

        const { stdout } = await project.run(process.execPath, ['transactions.mjs', program], {
          ...nowhere,
          DATABASE_URL,
        });

        const messages = await rowsOf(DATABASE_URL, "SELECT body::json->>'message' AS message FROM crm_outbox");
        expect(messages).toEqual([{ message: `it's "kept": ? \\ $1 😀` }]);
        const outcomes: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
        expect(outcomes).toEqual({ root: 'ERR_CRM_VALIDATION', ended: expect.not.stringMatching('written') });
      },
    );
  }
});

/** The examples of the page, by the headings above them. */
function examplesOf(markdown: string): readonly (readonly [heading: string, code: string])[] {
  const found = markdown.matchAll(/^## (?<heading>.+)\n(?:(?!^```)[^\n]*\n)*```js\n(?<code>[^]*?)^```$/gm);
  return [...found].map(({ groups }) => [groups?.['heading'] ?? '', groups?.['code'] ?? '']);
}

describeOnPostgres('the examples of transactions', () => {
  const createDatabase = usePostgres();
  const markdown = readFileSync(page, 'utf8');
  let project: Project;
  beforeAll(async () => {
    const options = { ...withPrisma(), manifest: { type: 'module' } };
    project = await createProject('examples of transactions', allLibraries, options);
    const notifier = /`crm\.js`[^`]*```js\n(?<code>[^]*?)^```$/m.exec(markdown)?.groups?.['code'] ?? '';
    project.write({ 'crm.js': notifier, 'book.mjs': bookingProgram });
  });

  it.each(examplesOf(markdown))('%s: as printed, writes the booking and its row together', async (_, code) => {
    const DATABASE_URL = await createDatabase();
    const columns = 'id serial PRIMARY KEY, user_id integer, session_id integer';
    await runStatement(DATABASE_URL, `CREATE TABLE bookings (${columns})`);
    project.write({ 'example.mjs': code });

    await project.run(process.execPath, ['book.mjs'], { ...nowhere, DATABASE_URL });

    const rows = await rowsOf(DATABASE_URL, 'SELECT bookings.*, lane, type FROM bookings CROSS JOIN crm_outbox');
    expect(rows).toEqual([{ id: 1, user_id: 123, session_id: 789, lane: 'booking:1', type: 'booking_created' }]);
  });

  it('have types: each callback is taken, and what would commit by itself is not', async () => {
    project.write({ 'app.mts': typedApp });
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    await project.run('npx', ['tsc', ...options, 'app.mts']);
  });
});
