/**
 * Opens the outbox of the directory given first, which is damaged, closes it again and damages its first page once more. It
 * prints a line before the first repair and after each, and never ends by itself.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openOutboxIn } from '../sqlite-outbox.js';

const directory = process.argv[2] ?? '';
for (let repairs = 0; ; repairs += 1) {
  writeSync(1, `repaired ${String(repairs)}\n`);
  (await openOutboxIn(directory)).close();
  const descriptor = openSync(join(directory, 'outbox.db'), 'r+');
  writeSync(descriptor, Buffer.alloc(100), 0, 100, 0);
  closeSync(descriptor);
}
