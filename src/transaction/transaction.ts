/** A value of a statement. Drivers pass it as a parameter of its own, never in the text. */
export type StatementValue = string | number | null;

/** A statement as PostgreSQL takes it: $1, $2 … */
export interface Statement {
  readonly text: string;
  readonly values: readonly StatementValue[];
}

/**
 * An open transaction of the app, on PostgreSQL: what a driver hands to the callback of its transaction, or a function that
 * runs a statement in it. A connection pool, or anything else that would commit by itself, is none.
 */
export type Transaction =
  | PgTransaction
  | PostgresJsTransaction
  | KnexTransaction
  | KyselyTransaction
  | DrizzleTransaction
  | TypeOrmQueryRunner
  | TypeOrmEntityManager
  | SequelizeTransaction
  | MikroOrmTransaction
  | PrismaTransaction
  | RunStatement;

/**
 * For any other driver: runs a statement with $1, $2 … in the transaction, and returns its promise.
 * @example crm.in((text, values) => client.query(text, values))
 */
export type RunStatement = (text: string, values: StatementValue[]) => PromiseLike<unknown>;

/** pg: a client, its own or checked out of a pool, after `BEGIN`. */
export interface PgTransaction {
  query(text: string, values: StatementValue[]): PromiseLike<unknown>;
  setTypeParser: unknown;
  /** A pool has it, a client does not. */
  readonly totalCount?: never;
}

/** postgres.js: what `sql.begin` and `savepoint` hand to their callback. */
export interface PostgresJsTransaction {
  unsafe(text: string, values?: StatementValue[]): PromiseLike<unknown>;
  savepoint: unknown;
}

/** knex: what `knex.transaction` hands to its callback, or resolves with. */
export interface KnexTransaction {
  raw(sql: string, bindings: StatementValue[]): PromiseLike<unknown>;
  isCompleted(): boolean;
}

/** kysely: what `db.transaction().execute` hands to its callback, or `startTransaction().execute()` resolves with. */
export interface KyselyTransaction {
  readonly isTransaction: true;
  executeQuery: unknown;
}

/** drizzle, with node-postgres, postgres.js or another driver: what `db.transaction` hands to its callback. */
export interface DrizzleTransaction {
  execute: unknown;
  rollback(): never;
}

/** typeorm: a query runner after `startTransaction()`. */
export interface TypeOrmQueryRunner {
  readonly isTransactionActive: boolean;
  query(text: string, values?: StatementValue[]): Promise<unknown>;
}

/** typeorm: what `dataSource.transaction` hands to its callback. */
export interface TypeOrmEntityManager {
  readonly queryRunner?: TypeOrmQueryRunner;
  getTreeRepository: unknown;
  /** A data source has it, an entity manager does not. */
  readonly createQueryRunner?: never;
}

/** sequelize: what `sequelize.transaction` hands to its callback, or resolves with. */
export interface SequelizeTransaction {
  afterCommit: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** mikro-orm: what `em.transactional` hands to its callback, or an entity manager after `begin()`. */
export interface MikroOrmTransaction {
  isInTransaction(): boolean;
  getTransactionContext: unknown;
}

/** Prisma: what `prisma.$transaction` hands to its callback. */
export interface PrismaTransaction {
  $executeRawUnsafe(text: string, ...values: StatementValue[]): PromiseLike<unknown>;
  /** The client itself has it, a transaction of it does not. */
  readonly $connect?: never;
}
