import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface ProcessClaim {
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
export function keepClaim(file: string): (() => void) | undefined {
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
