import { closeSync, existsSync, fstatSync, openSync, readdirSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { CRMConfigError } from '../core/errors.js';
import { accessProblem } from '../outbox/sqlite/access-problem.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../outbox/sqlite/outbox-directory.js';
import { outboxExposure } from '../outbox/sqlite/outbox-exposure.js';

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
    const message = accessProblem(claimFile, error);
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

interface ProcessClaim {
  /** Identifies the open file. */
  readonly inode: number;
  readonly device: number;
  readonly giveUp: () => void;
}

/**
 * Marks a file as taken by this process, visibly to all of its threads, by having it open. The threads of a process share its
 * descriptors, and these end with it, however it ends. A name in one thread's memory would not be shared, and a file with a
 * process id in it would not end.
 *
 * Returns undefined when it is open in this process already. Where descriptors cannot be listed (Windows, where closing a
 * file loses no lock) it only opens it.
 */
function claimForProcess(file: string): ProcessClaim | undefined {
  const descriptor = openSync(file, 'a', 0o600);
  // Checked after it is opened: of two threads that do so at the same time, at least one sees the other.
  if (isOpenElsewhere(descriptor)) {
    closeSync(descriptor);
    return undefined;
  }
  const { ino: inode, dev: device } = fstatSync(descriptor);
  return {
    inode,
    device,
    giveUp() {
      closeSync(descriptor);
    },
  };
}

function isOpenElsewhere(own: number): boolean {
  const { dev, ino } = fstatSync(own);
  return listDescriptors().some((descriptor) => {
    if (descriptor === own) return false;
    try {
      const other = fstatSync(descriptor);
      return other.ino === ino && other.dev === dev;
    } catch {
      // It was closed after it was listed.
      return false;
    }
  });
}

function listDescriptors(): number[] {
  try {
    return readdirSync('/dev/fd').map(Number).filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

const checkEveryMs = 1_000;

/**
 * Claims a file for this process as `claimForProcess` does, and again once it is deleted or replaced, because the new file looks
 * free to other threads. For up to a second it is. The check does not block on the disk.
 */
function keepClaim(file: string): (() => void) | undefined {
  const first = claimForProcess(file);
  if (first === undefined) return undefined;
  let claim = first;
  let isGivenUp = false;
  let isChecking = false;

  const claimAgainIfReplaced = async (): Promise<void> => {
    const found = await stat(file).catch(() => undefined);
    if (isGivenUp || (found?.ino === claim.inode && found.dev === claim.device)) return;
    try {
      const next = claimForProcess(file);
      if (next === undefined) return;
      claim.giveUp();
      claim = next;
    } catch {
      // The directory is gone as well; the outbox makes it again.
    }
  };

  const timer = setInterval(() => {
    if (isChecking) return;
    isChecking = true;
    void claimAgainIfReplaced().finally(() => {
      isChecking = false;
    });
  }, checkEveryMs);
  timer.unref();

  return () => {
    isGivenUp = true;
    clearInterval(timer);
    claim.giveUp();
  };
}
