import { types } from 'node:util';
import { CRMConfigError, CRMNotificationError, CRMValidationError, type Issue } from './errors.js';

/** An error as plain data: fit to be logged, handed to listeners, and sent between threads. */
export interface Trouble {
  readonly name: string;
  /** Such as `ENOSPC`, `ERR_SQLITE_ERROR` or `ERR_CRM_CONFIG`. */
  readonly code: string | undefined;
  readonly message: string;
  readonly issues?: readonly Issue[] | undefined;
}

/** Errors of ours, of the file system and of SQLite speak of files and codes; of anything that is no error nothing is told. */
export function troubleOf(error: unknown): Trouble {
  // Not by `instanceof`: one of the runtime's own may be of another realm.
  if (!types.isNativeError(error)) return { name: 'Error', code: undefined, message: 'unknown' };
  const { name, message } = error;
  const { code } = error as { code?: unknown };
  const hasIssues = error instanceof CRMConfigError || error instanceof CRMValidationError;
  return {
    name,
    code: typeof code === 'string' ? code : undefined,
    message: error instanceof CRMNotificationError || typeof code === 'string' ? message : 'an unexpected error',
    issues: hasIssues ? error.issues : undefined,
  };
}
