/** PostgreSQL's code for a key that is there already. */
export const uniqueViolation = '23505';

const maxDepth = 4;

/**
 * Whether an error of a driver is, or wraps, one with this code of PostgreSQL. Drivers keep it as `code`, or in a `cause`, an
 * `original`, a `driverError` or a `meta`. Lists are left out: they have the statement's values, which may be anything.
 */
export function hasSqlState(error: unknown, state: string, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || Array.isArray(error) || depth === maxDepth) return false;
  try {
    const { code, originalCode, cause } = error as Readonly<Record<string, unknown>>;
    if (code === state || originalCode === state) return true;
    // The cause of an error is not enumerable.
    const members: readonly unknown[] = [...Object.values(error as Readonly<Record<string, unknown>>), cause];
    return members.some((member) => hasSqlState(member, state, depth + 1));
  } catch {
    // A getter that throws.
    return false;
  }
}
