import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Whether notifications were taken at this URL, which a file beside the outbox remembers: a process that starts again must not
 * take one 404 for a wrong URL. Never fails: without the file, it is only not known.
 */
export function knownUrlBeside(outboxFile: string, url: string): { readonly isKnown: boolean; remember(): void } {
  const path = `${outboxFile}-url`;
  const read = (): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    isKnown: read() === url,
    remember() {
      try {
        writeFileSync(path, url, { mode: 0o600 });
      } catch {
        // The disk is full, perhaps. The next start asks again.
      }
    },
  };
}
