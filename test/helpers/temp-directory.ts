import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for each test of a file; removed once all that the tests have opened in them is closed. */
export function useTempDirectory(): () => string {
  let directory = '';
  const made: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'crm-notifier-'));
    made.push(directory);
  });
  afterAll(() => {
    for (const path of made) rmSync(path, { recursive: true, force: true });
  });
  return () => directory;
}
