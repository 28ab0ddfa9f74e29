/** Takes the delivery lock of the outbox in the directory given first, and holds it until it is killed. */
import { openDeliveryLock } from '../../../src/outbox/sqlite/delivery-lock.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';

const lock = openDeliveryLock(await loadSqlite(), `${process.argv[2] ?? ''}/outbox.db`);
console.log(lock.tryAcquire() ? 'held' : 'refused');
setInterval(() => undefined, 60_000);
