/**
 * One condition out of those that a filter gives; `TRUE` if it gives none. Left out rather than checked for being given: SQLite
 * would check that again for each row.
 */
export function conditionOf(conditions: readonly (readonly [condition: string, given: unknown])[]): string {
  const given = conditions.filter(([, value]) => value !== undefined && value !== '').map(([condition]) => condition);
  return given.length === 0 ? 'TRUE' : given.join(' AND ');
}
