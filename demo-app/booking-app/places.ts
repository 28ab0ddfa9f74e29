import { join } from 'node:path';
import type { NotifierOptions } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';
import type { Logger } from 'pino';
import { openBookingDatabase } from './open-booking-database.js';
import { openPostgresDatabase } from './postgres/postgres-database.js';
import { createPostgresStores } from './postgres/postgres-stores.js';
import { createStores } from './stores.js';
import type { Stores } from './stores.js';

/** Where the bookings are, and where the notifications wait. */
export interface Places {
  readonly stores: Stores;
  readonly outbox: NonNullable<NotifierOptions['outbox']>;
}

/** Two files of this app. */
export function openFiles(dataDirectory: string): Places {
  return {
    stores: createStores(openBookingDatabase(join(dataDirectory, 'booking.sqlite'))),
    outbox: outboxDirectory(dataDirectory),
  };
}

export function outboxDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'outbox');
}

/** One database for all apps: the outbox is a table in it, beside the bookings. */
export async function openPostgres(url: string, logger: Logger): Promise<Places> {
  return {
    stores: createPostgresStores(await openPostgresDatabase(url, logger)),
    outbox: postgresOutbox({ connectionString: url }),
  };
}
