import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** What an app logged at ERROR, as `crash-app.mjs` writes it down. */
export interface ErrorLine {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly pid: number;
  readonly message: string;
}

/** Where the next line will begin. */
export function endOfErrors(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Reads the lines of a file that may still be written to, from where one begins. */
export function readErrorLines(file: string, from = 0): ErrorLine[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - from));
    const length = readSync(descriptor, bytes, 0, bytes.length, from);
    const lines = bytes.toString('utf8', 0, length).split('\n');
    return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as ErrorLine);
  } finally {
    closeSync(descriptor);
  }
}
