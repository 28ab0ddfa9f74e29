export { postgresOutbox } from '../outbox/postgres/postgres-outbox.js';
export { outboxRow } from './outbox-row.js';

export type { OutboxRow } from '../outbox/postgres/insert-statement.js';
export type { PostgresOutbox, PostgresOutboxOptions, PostgresTls } from '../outbox/postgres/postgres-outbox.js';
