import type { Outbox } from '../../src/outbox/outbox.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../src/outbox/sqlite/outbox-directory.js';
import { openSqliteOutbox } from '../../src/outbox/sqlite/sqlite-outbox.js';

/** Opens the outbox of a directory as a notifier does. It does without the disk's confirmations, unless asked. */
export function openOutboxIn(directory: string, sync: 'full' | 'normal' = 'normal'): Promise<Outbox> {
  return openSqliteOutbox({ file: prepareOutboxFile(prepareOutboxDirectory(directory)), sync });
}
