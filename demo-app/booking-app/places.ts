import { join } from 'node:path';
import type { Notifier, NotifierOptions } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';
import type { Logger } from 'pino';
import type { DeliveryWatch } from './demo-page/delivery-watch.js';
import { watchDelivery } from './demo-page/watch-delivery.js';
import { openBookingDatabase } from './open-booking-database.js';
import { openPostgresDatabase } from './postgres/postgres-database.js';
import { createPostgresStores } from './postgres/postgres-stores.js';
import { watchSharedDelivery } from './postgres/watch-shared-delivery.js';
import { createStores } from './stores.js';
import type { Stores } from './stores.js';

/** Where the bookings are, and where the notifications wait. */
export interface Places {
  readonly stores: Stores;
  readonly outbox: NonNullable<NotifierOptions['outbox']>;
  readonly watchDelivery: (crm: Notifier) => DeliveryWatch;
}

/** Two files of this app. */
export function openFiles(dataDirectory: string): Places {
  return {
    stores: createStores(openBookingDatabase(join(dataDirectory, 'booking.sqlite'))),
    outbox: join(dataDirectory, 'outbox'),
    watchDelivery,
  };
}

/** One database for all apps: the outbox is a table in it, beside the bookings. */
export async function openPostgres(url: string, logger: Logger): Promise<Places> {
  const database = await openPostgresDatabase(url, logger);
  return {
    stores: createPostgresStores(database),
    outbox: postgresOutbox({ connectionString: url }),
    watchDelivery: (crm) => watchSharedDelivery(crm, database),
  };
}
