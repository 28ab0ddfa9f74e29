import type { WholeTarget } from './start-deliveries.js';

type TargetTokens = readonly Pick<WholeTarget, 'name' | 'authToken'>[];

/** Those that the thread need not ask for, by their targets. */
export function fixedTokens(targets: TargetTokens): Readonly<Record<string, string>> {
  return Object.fromEntries(
    targets.flatMap(({ name, authToken }) => (typeof authToken === 'string' ? [[name, authToken]] : [])),
  );
}

/** The token that a target has now; undefined if it cannot be got. It is validated where it is used. */
export async function tokenOf(targets: TargetTokens, name: string): Promise<string | undefined> {
  try {
    const authToken = targets.find((target) => target.name === name)?.authToken;
    const given: unknown = typeof authToken === 'function' ? await authToken() : authToken;
    return typeof given === 'string' ? given : undefined;
  } catch {
    // Not passed on: what it threw may contain anything.
    return undefined;
  }
}
