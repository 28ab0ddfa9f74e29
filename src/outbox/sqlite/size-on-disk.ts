import { statSync } from 'node:fs';

/** What an outbox takes up on the disk, in bytes: its file and its log. What is not there counts as nothing. */
export function sizeOnDisk(file: string): number {
  return sizeOf(file) + sizeOf(`${file}-wal`);
}

function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
