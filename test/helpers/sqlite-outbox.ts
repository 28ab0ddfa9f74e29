import type { Outbox } from '../../src/outbox/outbox.js';
import { openSqliteOutbox } from '../../src/outbox/sqlite/open-sqlite-outbox.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../src/outbox/sqlite/outbox-directory.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';

/** Opens the outbox of a directory as a notifier does. It does without the disk's confirmations, unless asked. */
export async function openOutboxIn(
  directory: string,
  sync: 'full' | 'normal' = 'normal',
  onRepaired: (error: Error) => void = () => undefined,
): Promise<Outbox> {
  const file = prepareOutboxFile(prepareOutboxDirectory(directory));
  return openSqliteOutbox({ open: loadSqlite(), file, sync, onRepaired, now: () => Date.now() });
}
