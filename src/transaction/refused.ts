import { CRMValidationError } from '../core/errors.js';

/** The error for a handle that is no open transaction; `why` follows on "`tx` is", and names what to pass instead. */
export function refused(why: string): CRMValidationError {
  return new CRMValidationError([{ path: 'tx', message: `\`tx\` is ${why}` }], { hook: 'crm.in(tx)' });
}
