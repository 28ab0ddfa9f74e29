/** Starts a PostgreSQL and never closes it; prints where it is. */
import { startPostgres } from '../../../demo-app/postgres-server.js';

const { url, socketDirectory } = await startPostgres();
console.log(`url ${url}`);
console.log(`directory ${socketDirectory}`);
setInterval(() => undefined, 60_000);
