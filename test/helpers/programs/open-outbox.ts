/** Opens the outbox of the directory given first, prints what came of that, and holds it until it is killed. */
import { isCRMNotificationError } from '../../../src/core/errors.js';
import { openOutboxIn } from '../sqlite-outbox.js';

try {
  await openOutboxIn(process.argv[2] ?? '');
  console.log('open');
  setInterval(() => undefined, 60_000);
} catch (error) {
  if (!isCRMNotificationError(error)) throw error;
  console.log(`refused: ${error.message}`);
}
