import type { IncomingHttpHeaders } from 'node:http';
import express, { type Express } from 'express';
import { newNotificationId } from '../../src/core/ids.js';
import { createReceiver, type ReceiverOptions, type WireNotification } from '../../src/receiver/index.js';
import { createLogCollector, type LogCollector } from '../helpers/log-collector.js';
import { useServer } from '../helpers/served.js';

export const token = 'a-token-of-the-tests';

export interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReplyBody;
}

/** What responses have; of each only a part. */
export interface ReplyBody {
  readonly status?: string;
  readonly error?: string;
  readonly code?: string;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  readonly notification_id?: string;
  readonly duplicate?: boolean;
  readonly results?: readonly ItemResult[];
}

export interface ItemResult {
  readonly notification_id: string | null;
  readonly status: number;
  readonly error?: string;
  readonly code?: string;
  readonly duplicate?: boolean;
}

export interface ReceiverInUse {
  readonly url: string;
  readonly log: LogCollector;
  /** Posts a value as JSON, or bytes as they are, with the token. */
  notify(body: object | Buffer, headers?: Readonly<Record<string, string>>): Promise<Posted>;
  notifyBatch(notifications: readonly unknown[], headers?: Readonly<Record<string, string>>): Promise<Posted>;
  get(path: string, method?: string): Promise<Posted>;
}

/** What a test gives: the rest has values that do for most of them. */
export type GivenOptions<Tx> = Partial<ReceiverOptions<Tx>>;

/** Mounts a receiver in an app; by default at its root, with nothing before it. */
export type Mount = (app: Express, receiver: ReturnType<typeof createReceiver>) => unknown;

/** Serves receivers for the tests of a file, each until the end of its test. */
export function useReceiver(): <Tx = undefined>(
  options?: GivenOptions<Tx>,
  mount?: Mount,
  makeApp?: typeof express,
) => Promise<ReceiverInUse> {
  const serve = useServer();
  return async (options, mount = (app, receiver) => app.use(receiver), makeApp = express) => {
    const log = createLogCollector();
    const app = makeApp();
    mount(app, createReceiver({ token, logger: log, on: { '*': () => undefined }, ...options }));
    const { url } = await serve(app);
    const request = async (path: string, init: RequestInit): Promise<Posted> => {
      const response = await fetch(`${url}${path}`, init);
      const text = await response.text();
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: (text.startsWith('{') ? JSON.parse(text) : {}) as ReplyBody };
    };
    const post = (path: string, body: object | Buffer, headers: Readonly<Record<string, string>> = {}) =>
      request(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
      });
    return {
      url,
      log,
      notify: (body, headers) => post('/notify', body, headers),
      notifyBatch: (notifications, headers) => post('/notify/batch', { notifications }, headers),
      get: (path, method = 'GET') => request(path, { method }),
    };
  };
}

/** A general notification with an id of its own. */
export function registration(fields: Partial<WireNotification> = {}): WireNotification {
  return {
    notification_id: newNotificationId(),
    notification_type: 'user_registered',
    user_id: 123,
    message: 'New user registered',
    timestamp: '2026-11-24T01:02:03.004Z',
    additional_data: {},
    ...fields,
  };
}

/** A notification of a booking with an id of its own. */
export function booking(bookingId = 456, fields: Partial<WireNotification> = {}): WireNotification {
  return registration({
    notification_type: 'booking_created',
    message: `Booking ${String(bookingId)} created`,
    additional_data: { booking_id: bookingId, session_id: 789, action: 'created' },
    ...fields,
  });
}
