import { CRMConfigError } from '../core/errors.js';

const registry = Symbol.for('express-crm-notifier.claimed-outboxes');

/**
 * Claims an outbox for one notifier of this process; the answer gives it back. Throws `CRMConfigError` when it is taken.
 * The register stands on the global object, because an app may hold two copies of this package.
 */
export function claimOutbox(file: string): () => void {
  const global = globalThis as { [registry]?: Set<string> | undefined };
  const claimed = global[registry] ?? new Set();
  global[registry] = claimed;
  if (claimed.has(file)) {
    throw new CRMConfigError([
      {
        path: 'outbox (CRM_OUTBOX)',
        message: 'is used by another notifier of this process; share one notifier, or give each a directory of its own',
      },
    ]);
  }
  claimed.add(file);
  return () => {
    claimed.delete(file);
  };
}
