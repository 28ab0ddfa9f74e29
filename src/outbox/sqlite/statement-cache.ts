import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.js';

/** Prepares a statement, or returns the one that was prepared for the same text. */
export type StatementCache = (sql: string) => SqliteStatement;

/** A person uses few filters; each statement takes some kilobytes. */
const maxStatements = 50;

/** Creates an empty cache; what was used longest ago leaves it first. */
export function createStatementCache(database: SqliteDatabase): StatementCache {
  const statements = new Map<string, SqliteStatement>();
  return (sql) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.delete(sql);
    statements.set(sql, statement);
    const [oldest] = statements.keys();
    if (statements.size > maxStatements && oldest !== undefined) statements.delete(oldest);
    return statement;
  };
}
