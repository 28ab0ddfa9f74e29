import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CRMConfigError } from '../core/errors.js';
import { outboxExposure, prepareOutboxDirectory, prepareOutboxFile } from '../outbox/sqlite/outbox-directory.js';
import { keepClaim } from './process-claim.js';

const registry = Symbol.for('express-crm-notifier.claimed-outboxes');

/** An outbox on disk that one notifier of this process has claimed for itself. */
export interface OutboxClaim {
  /** The file, ready to be opened. */
  readonly file: string;
  /** Who besides this process's user may change the outbox, and what to do about it; undefined if nobody. */
  readonly exposure: string | undefined;
  /** Releases the claim; close the file first. */
  release(): void;
}

/**
 * Claims an outbox for one notifier of this process, in any of its threads. Throws `CRMConfigError` when it is taken or its path
 * cannot be used. The registry is on the global object, because an app may load two copies of this package; it keeps the
 * directory even if the files in it are deleted.
 */
export function claimOutbox(path: string): OutboxClaim {
  const global = globalThis as { [registry]?: Set<string> | undefined };
  const claimed = global[registry] ?? new Set();
  global[registry] = claimed;
  const directory = prepareOutboxDirectory(path);
  if (claimed.has(directory)) throw taken();
  const claimFile = join(directory, 'outbox.db-claim');
  const wasThere = existsSync(claimFile);
  const giveUp = claimForThreads(claimFile);
  try {
    const file = prepareOutboxFile(directory);
    claimed.add(directory);
    return {
      file,
      exposure: outboxExposure(directory, file),
      release() {
        if (claimed.delete(directory)) giveUp();
      },
    };
  } catch (error) {
    giveUp();
    // A directory that is refused is left as it was.
    if (!wasThere) rmSync(claimFile, { force: true });
    throw error;
  }
}

/** Must come before anything opens the outbox's file: closing a descriptor of it drops the locks of the notifier that has it. */
function claimForThreads(claimFile: string): () => void {
  let giveUp: (() => void) | undefined;
  try {
    giveUp = keepClaim(claimFile);
  } catch (error) {
    const message = 'cannot be written to; check its owner and mode, and the limit of open files';
    throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause: error });
  }
  if (giveUp === undefined) throw taken();
  return giveUp;
}

function taken(): CRMConfigError {
  const message =
    'is used by another notifier of this process; share one notifier, or give each a directory of its own';
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }]);
}
