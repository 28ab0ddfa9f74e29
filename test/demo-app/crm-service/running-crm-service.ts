import { join } from 'node:path';
import type { Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { createCrmService } from '../../../demo-app/crm-service/create-crm-service.js';
import { openNotificationStore } from '../../../demo-app/crm-service/notification-store.js';
import type { NotificationStore, StoredNotification } from '../../../demo-app/crm-service/notification-store.js';
import { temporaryDirectory } from '../temporary-directory.js';

export const TOKEN = 'a-token-of-the-test';
export const GENERAL = {
  notification_id: 'n-1',
  notification_type: 'user_registered',
  user_id: 123,
  message: 'New user registered',
  timestamp: '2026-11-24T01:02:03.004Z',
  additional_data: {},
};
/** What makes it a booking's. */
export const BOOKING = {
  notification_type: 'booking_created',
  additional_data: { booking_id: 456, session_id: 789, action: 'created' },
};
export const RECORD = {
  booking_id: 456,
  user: { id: 123, name: 'Ada', email: 'ada@example.com' },
  event: { id: 101, title: 'Wellness Week', start_date: '2026-12-01' },
  facilitator_id: 9,
};

export interface RunningCrmService {
  readonly app: Express;
  readonly file: string;
  readonly store: NotificationStore;
  /** All lines logged so far. */
  readonly log: string[];
  notify(body: object, headers?: Record<string, string>, path?: string): request.Test;
  list(query?: Record<string, string | number>): Promise<StoredNotification[]>;
  close(): void;
}

/** The CRM service with a file of its own. */
export function runCrmService(): RunningCrmService {
  const directory = temporaryDirectory();
  const file = join(directory.path, 'data', 'crm.sqlite');
  const store = openNotificationStore(file);
  const log: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => log.push(line) });
  const app = createCrmService({ store, authToken: TOKEN, logger });

  return {
    app,
    file,
    store,
    log,
    notify: (body, headers = {}, path = '/notify') =>
      request(app).post(path).auth(TOKEN, { type: 'bearer' }).set(headers).send(body),
    async list(query = {}) {
      const response = await request(app)
        .get('/notifications')
        .auth(TOKEN, { type: 'bearer' })
        .query(query)
        .expect(200);
      return (response.body as { notifications: StoredNotification[] }).notifications;
    },
    close() {
      store.close();
      directory.remove();
    },
  };
}
