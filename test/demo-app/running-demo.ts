import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import request from 'supertest';
import { createBookingApp } from '../../demo-app/booking-app/create-booking-app.js';
import { openBookingDatabase } from '../../demo-app/booking-app/open-booking-database.js';
import { seedDemoData } from '../../demo-app/booking-app/seed-demo-data.js';
import { createCrmService } from '../../demo-app/crm-service/create-crm-service.js';
import { openNotificationStore } from '../../demo-app/crm-service/notification-store.js';
import type { StoredNotification } from '../../demo-app/crm-service/notification-store.js';
import type { Database } from '../../demo-app/runtime/database.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface RunningDemo {
  readonly database: Database;
  /** All notifications at the CRM, in order of arrival, once nothing is left to deliver. */
  arrived(): Promise<StoredNotification[]>;
  /** Sends a request to the booking app; with a token, as its user. */
  call(method: 'get' | 'post' | 'put' | 'delete', path: string, token?: string): request.Test;
  close(): Promise<void>;
}

const AUTH_TOKEN = 'the-token-of-the-crm';

/** The booking app with its real notifier and the CRM service, all in this process, with files of their own. */
export async function runDemo(): Promise<RunningDemo> {
  const directory = temporaryDirectory();
  const logger = pino({ level: 'silent' });

  const inbox = openNotificationStore(join(directory.path, 'crm.sqlite'));
  const crmServer = createServer(createCrmService({ store: inbox, authToken: AUTH_TOKEN, logger }));
  const crm = createNotifier({
    baseUrl: await listen(crmServer),
    authToken: AUTH_TOKEN,
    outbox: join(directory.path, 'outbox'),
    // The thread needs the built package; here the sources run.
    thread: false,
    logger,
  });
  await crm.ready();

  const database = openBookingDatabase(join(directory.path, 'booking.sqlite'));
  await seedDemoData(database);
  const app = createBookingApp({ database, crm, logger });

  return {
    database,
    call(method, path, token) {
      const call = request(app)[method](path);
      return token === undefined ? call : call.auth(token, { type: 'bearer' });
    },
    async arrived() {
      await crm.flush({ timeoutMs: 20_000 });
      return inbox.list({ limit: 1000 }).reverse();
    },
    async close() {
      await crm.close({ timeoutMs: 5000 });
      crmServer.close();
      await once(crmServer, 'close');
      database.close();
      inbox.close();
      directory.remove();
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
