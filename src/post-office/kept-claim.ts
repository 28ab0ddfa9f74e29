import { stat } from 'node:fs/promises';
import { claimForProcess } from './process-claim.js';

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
