export { postgresOutbox } from '../outbox/postgres/postgres-outbox.js';
export type { PostgresOutbox, PostgresOutboxOptions, PostgresTls } from '../outbox/postgres/postgres-outbox.js';
