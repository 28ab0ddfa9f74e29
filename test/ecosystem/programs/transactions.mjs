// Notifies in a transaction of the library that is named, as an app does: `node transactions.mjs kysely`, with DATABASE_URL.
// Prints what became of the handles that are no open transaction.

import { createRequire } from 'node:module';
import { createNotifier } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';

const require = createRequire(import.meta.url);
const url = process.env.DATABASE_URL;
const crm = createNotifier({ outbox: postgresOutbox({ connectionString: url }) });
const write = (tx, message) => crm.in(tx).notify({ notificationType: 'tried', userId: 123, message });

/** How each library begins a transaction, and what it has besides. */
const libraries = {
  async pg() {
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString: url });
    const transaction = async (work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await work(client);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    };
    return { root: pool, transaction, close: () => pool.end() };
  },
  async postgres() {
    const { default: postgres } = await import('postgres');
    const sql = postgres(url);
    return { root: sql, transaction: (work) => sql.begin(work), close: () => sql.end() };
  },
  async knex() {
    const { default: knex } = await import('knex');
    const db = knex({ client: 'pg', connection: url });
    return { root: db, transaction: (work) => db.transaction(work), close: () => db.destroy() };
  },
  async kysely() {
    const { Kysely, PostgresDialect } = await import('kysely');
    const { default: pg } = await import('pg');
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
    return { root: db, transaction: (work) => db.transaction().execute(work), close: () => db.destroy() };
  },
  async drizzle() {
    const { drizzle } = await import('drizzle-orm/node-postgres');
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString: url });
    const db = drizzle({ client: pool });
    return { root: db, transaction: (work) => db.transaction(work), close: () => pool.end() };
  },
  async 'drizzle-postgres-js'() {
    const { drizzle } = await import('drizzle-orm/postgres-js');
    const { default: postgres } = await import('postgres');
    const sql = postgres(url);
    const db = drizzle({ client: sql });
    return { root: db, transaction: (work) => db.transaction(work), close: () => sql.end() };
  },
  async typeorm() {
    const { DataSource } = require('typeorm');
    const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    return {
      root: dataSource.manager,
      transaction: (work) => dataSource.transaction(work),
      close: () => dataSource.destroy(),
    };
  },
  async sequelize() {
    const { Sequelize } = require('sequelize');
    const sequelize = new Sequelize(url, { logging: false });
    return {
      root: sequelize,
      transaction: (work) => sequelize.transaction(work),
      close: () => sequelize.close(),
    };
  },
  async 'sequelize-7'() {
    const { Sequelize } = await import('@sequelize/core');
    const { PostgresDialect } = await import('@sequelize/postgres');
    const sequelize = new Sequelize({ dialect: PostgresDialect, url, logging: false });
    return {
      root: sequelize,
      transaction: (work) => sequelize.transaction(work),
      close: () => sequelize.close(),
    };
  },
  async 'mikro-orm'() {
    const { MikroORM } = await import('@mikro-orm/postgresql');
    const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
    return { root: orm.em, transaction: (work) => orm.em.fork().transactional(work), close: () => orm.close() };
  },
  async prisma() {
    const { PrismaClient } = require('@prisma/client');
    const { PrismaPg } = await import('@prisma/adapter-pg');
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
    return {
      root: prisma,
      transaction: (work) => prisma.$transaction(work),
      // Since version 7 a transaction has savepoints.
      savepoint: (tx, work) => tx.$transaction?.(work),
      close: () => prisma.$disconnect(),
    };
  },
};

const { root, transaction, savepoint, close } = await libraries[process.argv[2]]();
const rolledBack = new Error('rolled back');
const expectRolledBack = (error) => {
  if (error !== rolledBack) throw error;
};
const writeAndGoBack = async (tx) => {
  await write(tx, 'rolled back');
  throw rolledBack;
};
let ended;
await transaction(async (tx) => {
  ended = tx;
  await write(tx, `it's "kept": ? \\ $1 😀`);
  await savepoint?.(tx, writeAndGoBack)?.catch(expectRolledBack);
});
await transaction(writeAndGoBack).catch(expectRolledBack);
const outcome = (promise) =>
  promise.then(
    () => 'written',
    (error) => error.code ?? 'refused',
  );
const outcomes = { root: await outcome(write(root, 'of a root')), ended: await outcome(write(ended, 'too late')) };
await close();
await crm.close();
console.log(JSON.stringify(outcomes));
