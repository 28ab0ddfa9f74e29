import 'reflect-metadata';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import postgres from 'postgres';
import { DataSource } from 'typeorm';
import { postgresStore, type PostgresStoreOptions, type ReceiverStore } from '../../../src/receiver/index.js';
import type { Transaction } from '../../../src/transaction/transaction.js';

/** A store in a database, by a driver as an app has it. */
export interface StoreInUse {
  readonly store: ReceiverStore<Transaction>;
  readonly close: () => Promise<unknown>;
}

type Connect = (url: string, options?: PostgresStoreOptions) => StoreInUse | Promise<StoreInUse>;

type Work = (tx: Transaction) => Promise<void>;

/** As much of these as is used here: their own types do not compile with this project's strictness. */
interface Drizzle {
  drizzle(client: unknown): { transaction(work: Work): Promise<void> };
}
interface MikroOrm {
  readonly em: { fork(): { transactional(work: (em: Transaction) => Promise<void>): Promise<void> } };
  close(): Promise<void>;
}
interface Sequelize {
  transaction(work: Work): Promise<void>;
  close(): Promise<void>;
}

/** Each driver that a store works with, by its name. */
export const drivers: Readonly<Record<string, Connect>> = {
  'a pg pool': (url, options) => {
    const pool = new Pool({ connectionString: url });
    return { store: postgresStore({ pool, ...options }), close: () => pool.end() };
  },
  'postgres.js': (url, options) => {
    const sql = postgres(url, { onnotice: () => undefined });
    return {
      store: postgresStore({ transaction: (work: Work) => sql.begin(work), ...options }),
      close: () => sql.end(),
    };
  },
  knex: (url, options) => {
    const db = knex({ client: 'pg', connection: url });
    return {
      store: postgresStore({ transaction: (work: Work) => db.transaction(work), ...options }),
      close: () => db.destroy(),
    };
  },
  kysely: (url, options) => {
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }) });
    const transaction = (work: Work) => db.transaction().execute(work);
    return { store: postgresStore({ transaction, ...options }), close: () => db.destroy() };
  },
  drizzle: async (url, options) => {
    const { drizzle } = (await import(require.resolve('drizzle-orm/node-postgres'))) as Drizzle;
    const pool = new Pool({ connectionString: url });
    const transaction = (work: Work) => drizzle(pool).transaction(work);
    return { store: postgresStore({ transaction, ...options }), close: () => pool.end() };
  },
  typeorm: async (url, options) => {
    const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    const transaction = (work: Work) => dataSource.transaction(work);
    return { store: postgresStore({ transaction, ...options }), close: () => dataSource.destroy() };
  },
  sequelize: async (url, options) => {
    const { Sequelize } = (await import(require.resolve('sequelize'))) as {
      Sequelize: new (url: string, options: object) => Sequelize;
    };
    const sequelize = new Sequelize(url, { logging: false });
    const transaction = (work: Work) => sequelize.transaction(work);
    return { store: postgresStore({ transaction, ...options }), close: () => sequelize.close() };
  },
  'mikro-orm': async (url, options) => {
    const { MikroORM } = (await import(require.resolve('@mikro-orm/postgresql'))) as {
      MikroORM: { init(options: object): Promise<MikroOrm> };
    };
    const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
    const transaction = (work: Work) => orm.em.fork().transactional(work);
    return { store: postgresStore({ transaction, ...options }), close: () => orm.close() };
  },
};
