import { CRMConfigError, CRMValidationError, type Issue } from '../../src/core/errors.js';

/** The issues with which a call is refused. */
export function issuesOf(call: () => unknown): readonly Issue[] {
  try {
    call();
  } catch (error) {
    if (error instanceof CRMConfigError || error instanceof CRMValidationError) return error.issues;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Its paths only. */
export function pathsOf(call: () => unknown): readonly string[] {
  return issuesOf(call).map(({ path }) => path);
}
