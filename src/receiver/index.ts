export { createReceiver } from './create-receiver.js';
export { NotificationRejectedError } from './notification-rejected-error.js';
export { memoryStore } from './stores/memory-store.js';
export { postgresStore } from './stores/postgres-store.js';
export { sqliteStore } from './stores/sqlite-store.js';

export type { WireBooking, WireBookingRecord, WireEvent, WireNotification } from '../format/wire-notification.js';
export type { VerifierOptions } from '../signing/create-verifier.js';
export type { HandlerContext, NotificationHandler, NotificationHandlers } from './notification-handlers.js';
export type { ReceiverOptions } from './receiver-options.js';
export type { FailedNotification, OnReceiverError } from './receiver-reports.js';
export type { ReceiverStore } from './receiver-store.js';
export type { MemoryStoreOptions } from './stores/memory-store.js';
export type { PgPool, PgPoolClient } from './stores/pool-transaction.js';
export type { PoolOptions, PostgresStoreOptions, TransactionOptions } from './stores/postgres-store.js';
export type { SqliteStore, SqliteStoreOptions } from './stores/sqlite-store.js';
