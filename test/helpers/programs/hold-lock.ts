/** Takes the lock of the file given first, if nobody has it, and holds it until it is killed. */
import { acquireLock } from '../../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';

const lock = acquireLock(loadSqlite(), process.argv[2] ?? '', 0);
console.log(lock === undefined ? 'refused' : 'held');
setInterval(() => undefined, 60_000);
