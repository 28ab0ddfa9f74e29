import { CRMConfigError } from '../core/errors.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../outbox/sqlite/outbox-directory.js';
import { outboxExposure } from '../outbox/sqlite/outbox-exposure.js';

const registry = Symbol.for('express-crm-notifier.claimed-outboxes');

/** An outbox on disk that one notifier of this process has for itself. */
export interface OutboxClaim {
  /** The file, ready to be opened. */
  readonly file: string;
  /** Who besides this process's user may change the outbox, and what to do about it. */
  readonly exposure: string | undefined;
  /** Gives it back; the file must be closed. */
  release(): void;
}

/**
 * Claims an outbox for one notifier of this process. Throws `CRMConfigError` when it is taken or its place cannot be used.
 * The register stands on the global object, because an app may hold two copies of this package.
 */
export function claimOutbox(path: string): OutboxClaim {
  const global = globalThis as { [registry]?: Set<string> | undefined };
  const claimed = global[registry] ?? new Set();
  global[registry] = claimed;
  const directory = prepareOutboxDirectory(path);
  if (claimed.has(directory)) {
    throw new CRMConfigError([
      {
        path: 'outbox (CRM_OUTBOX)',
        message: 'is used by another notifier of this process; share one notifier, or give each a directory of its own',
      },
    ]);
  }
  const file = prepareOutboxFile(directory);
  claimed.add(directory);
  return {
    file,
    exposure: outboxExposure(directory, file),
    release() {
      claimed.delete(directory);
    },
  };
}
