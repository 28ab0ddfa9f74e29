/**
 * Opens the outbox of the directory given first, prints what came of that, and holds it until it is killed. With a user's
 * number given second it becomes that user before: only then, because the project may lie where that user cannot read it.
 */
import { isCRMNotificationError } from '../../../src/core/errors.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { openOutboxIn } from '../sqlite-outbox.js';

const [directory = '', user] = process.argv.slice(2);
if (user !== undefined) {
  loadSqlite();
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

try {
  await openOutboxIn(directory);
  console.log('open');
  setInterval(() => undefined, 60_000);
} catch (error) {
  if (!isCRMNotificationError(error)) throw error;
  console.log(`refused: ${error.message}`);
}
