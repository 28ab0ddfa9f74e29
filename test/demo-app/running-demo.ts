import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import request from 'supertest';
import { Client } from 'pg';
import { createBookingApp } from '../../demo-app/booking-app/create-booking-app.js';
import { openFiles, openPostgres } from '../../demo-app/booking-app/places.js';
import { seedDemoData } from '../../demo-app/booking-app/seed-demo-data.js';
import type { Stores } from '../../demo-app/booking-app/stores.js';
import { createCrmService } from '../../demo-app/crm-service/create-crm-service.js';
import { openNotificationStore } from '../../demo-app/crm-service/notification-store.js';
import type { StoredNotification } from '../../demo-app/crm-service/notification-store.js';
import { openDatabase } from '../../demo-app/runtime/database.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { temporaryDirectory } from './temporary-directory.js';

type Row = Record<string, unknown>;

export interface RunningDemo {
  readonly stores: Stores;
  /** Runs a statement in the app's database, past the app. */
  query(text: string): Promise<Row[]>;
  /** All notifications at the CRM, in order of arrival, once nothing is left to deliver. */
  arrived(): Promise<StoredNotification[]>;
  /** Sends a request to the booking app; with a token, as its user. */
  call(method: 'get' | 'post' | 'put' | 'delete', path: string, token?: string): request.Test;
  close(): Promise<void>;
}

const AUTH_TOKEN = 'the-token-of-the-crm';

/** Runs the tests with the app's bookings and outbox in files, and with both in PostgreSQL. */
export function inEachDatabase(tests: (runDemo: () => Promise<RunningDemo>) => void): void {
  describe('with files', () => {
    tests(() => runDemo(undefined));
  });
  describeOnPostgres('with PostgreSQL', () => {
    const createDatabase = usePostgres();
    tests(async () => runDemo(await createDatabase()));
  });
}

/** The booking app with its real notifier and the CRM service, all in this process, with files or a database of their own. */
export async function runDemo(postgresUrl: string | undefined): Promise<RunningDemo> {
  const directory = temporaryDirectory();
  const logger = pino({ level: 'silent' });
  const places = postgresUrl ? await openPostgres(postgresUrl, logger) : openFiles(directory.path);
  const { stores, outbox } = places;

  const inbox = openNotificationStore(join(directory.path, 'crm.sqlite'));
  const crmServer = createServer(createCrmService({ store: inbox, authToken: AUTH_TOKEN, logger }));
  const crm = createNotifier({
    baseUrl: await listen(crmServer),
    authToken: AUTH_TOKEN,
    outbox,
    // The thread needs the built package; here the sources run.
    thread: false,
    logger,
  });
  await crm.ready();

  await seedDemoData(stores);
  const app = createBookingApp({ stores, crm, logger });

  return {
    stores,
    query: (text) =>
      postgresUrl ? queryPostgres(postgresUrl, text) : queryFile(join(directory.path, 'booking.sqlite'), text),
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
      await stores.close();
      inbox.close();
      directory.remove();
    },
  };
}

async function queryPostgres(url: string, text: string): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function queryFile(file: string, text: string): Promise<Row[]> {
  const database = openDatabase(file, '');
  try {
    return database.prepare(text).all() as Row[];
  } finally {
    database.close();
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
