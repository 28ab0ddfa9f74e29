import { rmSync } from 'node:fs';
import { holdsExactly, tryToMake } from './small-file.js';

/**
 * Whether notifications were taken at this URL, which a file beside the outbox remembers: a process that starts again must not
 * take one 404 for a wrong URL. Never fails: without the file, it is only not known.
 */
export function knownUrlBeside(outboxFile: string, url: string): { readonly isKnown: boolean; remember(): void } {
  const path = `${outboxFile}-url`;
  return {
    isKnown: holdsExactly(path, url),
    remember() {
      try {
        rmSync(path, { force: true });
      } catch {
        // Then it cannot be made anew either.
      }
      tryToMake(path, url);
    },
  };
}
