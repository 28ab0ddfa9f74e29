import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface ProcessClaim {
  /** Which file it is that is open. */
  readonly inode: number;
  readonly device: number;
  readonly giveUp: () => void;
}

/**
 * Says in a way that every thread of this process can see that somebody here has a file: by having it open. The threads of a
 * process share its descriptors, and these end with it, however it ends; a name in the memory of one thread, or a file with
 * a process id in it, would do neither.
 *
 * Returns undefined when it is open in this process already. Where descriptors cannot be listed (Windows,
 * where no lock is lost by closing a file) it only opens it.
 */
function claimForProcess(file: string): ProcessClaim | undefined {
  const descriptor = openSync(file, 'a', 0o600);
  // Looked at once it is open: of two threads that do so at the same time, at least one sees the other.
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
  return descriptors().some((descriptor) => {
    if (descriptor === own) return false;
    try {
      const other = fstatSync(descriptor);
      return other.ino === ino && other.dev === dev;
    } catch {
      // Closed since it was listed.
      return false;
    }
  });
}

function descriptors(): number[] {
  try {
    return readdirSync('/dev/fd').map(Number).filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

const lookEveryMs = 1_000;

/**
 * Claims a file for this process as `claimForProcess` does, and again once the file is gone or another has its name: to whoever
 * looks then, nobody has it. Until then, for up to a second, it is free. It looks without waiting for the disk.
 */
export function keepClaim(file: string): (() => void) | undefined {
  const first = claimForProcess(file);
  if (first === undefined) return undefined;
  let claim = first;
  let isGivenUp = false;
  let isLooking = false;

  const look = async (): Promise<void> => {
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
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  }, lookEveryMs);
  timer.unref();

  return () => {
    isGivenUp = true;
    clearInterval(timer);
    claim.giveUp();
  };
}
