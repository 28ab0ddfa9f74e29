import { lstatSync, readFileSync, writeFileSync } from 'node:fs';

/** Whether it is a file with exactly this text. A link or a pipe, which nobody may ever write to, is none. */
export function holdsExactly(path: string, text: string): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

/** Makes a file that only its owner can read, if there is nothing of that name, and follows no link. Never fails. */
export function tryToMake(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already, or another process was faster, or it cannot be written.
  }
}
