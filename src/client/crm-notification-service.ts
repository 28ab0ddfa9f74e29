import { resolveServiceConfig, type ServiceConfig } from '../config/resolve-config.js';
import type { ServiceOptions } from '../config/settings.js';
import { systemClock } from '../core/clock.js';
import {
  CRMConnectionError,
  CRMHttpError,
  CRMNotificationError,
  CRMResponseError,
  CRMTimeoutError,
} from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import { shownUrl } from '../core/shown-url.js';
import { crmFormat } from '../format/crm-format.js';
import type { Reply } from '../format/format.js';
import { meaningOfReply } from '../format/reply-rules.js';
import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { BookingInput, EventInput, NotificationDraft, NotificationInput } from '../notification/notification.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import { createSafeLogger, type Logger } from '../telemetry/logger.js';
import { createCrmClient, type CrmClient } from './crm-client.js';
import type { Exchange } from './exchange.js';

/** The CRM's JSON, passed on as it is. CRM services respond with an object; a reply that is something else is not converted. */
export type CRMReply = Readonly<Record<string, unknown>>;

// The CRM limits the size of a body, not the direct client; this only keeps a mistake from becoming a huge POST.
const maxBodyBytes = 16 * 1024 * 1024;
const maxConnections = 32;
const format = crmFormat;

/**
 * The direct client: each call sends at once, waits for the CRM and returns its JSON, or throws. It has no outbox and no
 * retries; for those use `createNotifier`.
 *
 * Throws `CRMConfigError` when an option or a variable is invalid.
 *
 * @example
 * const service = new CRMNotificationService({ baseUrl: 'http://localhost:5001', authToken: 'your-secret-token' });
 * await service.sendNotification({ notificationType: 'user_registered', userId: 123, message: 'New user registered' });
 * await service.close();
 */
export class CRMNotificationService {
  readonly #client: CrmClient;
  readonly #logger: Required<Logger>;
  readonly #baseUrl: string;
  readonly #shownUrl: string;
  readonly #timeoutMs: number;

  constructor(options?: ServiceOptions) {
    const config = options instanceof ResolvedOptions ? options.config : resolveServiceConfig(options);
    this.#logger = createSafeLogger(config.logger);
    this.#baseUrl = config.target.baseUrl;
    this.#shownUrl = shownUrl(this.#baseUrl);
    this.#timeoutMs = config.target.timeoutMs;
    this.#client = createCrmClient({
      ...config.target,
      connections: maxConnections,
      clock: systemClock,
      logger: this.#logger,
      format,
    });
    for (const warning of config.warnings) this.#logger.warn({}, warning);
  }

  /** The CRM's base URL, normalised. */
  get baseUrl(): string {
    return this.#baseUrl;
  }

  /**
   * Sends a general notification and returns the CRM's JSON.
   *
   * Throws `CRMValidationError` before anything is sent; after that `CRMTimeoutError`, `CRMConnectionError`, `CRMHttpError` (any
   * status but 2xx) or `CRMResponseError` (2xx, but the body is not JSON).
   */
  async sendNotification(input: NotificationInput): Promise<CRMReply> {
    return this.#send(() => buildNotification(input));
  }

  /**
   * Sends a notification of type `booking_<action>` and returns the CRM's JSON; throws as `sendNotification` does.
   *
   * @example
   * await service.sendBookingNotification({ bookingId: 456, userId: 123, sessionId: 789, action: 'cancelled' });
   */
  async sendBookingNotification(input: BookingInput): Promise<CRMReply> {
    return this.#send(() => buildBooking(input));
  }

  /**
   * Sends a notification of type `event_<action>` and returns the CRM's JSON; throws as `sendNotification` does.
   *
   * @example
   * await service.sendEventNotification({ eventId: 101, userId: 123, action: 'created' });
   */
  async sendEventNotification(input: EventInput): Promise<CRMReply> {
    return this.#send(() => buildEvent(input));
  }

  /** Returns whether the CRM responds to `GET /health` with 200 within `healthTimeoutMs`. Never throws. */
  async testConnection(): Promise<boolean> {
    const outcome = await this.#client.health();
    const isHealthy = outcome.kind === 'reply' && outcome.status === 200;
    if (isHealthy) this.#logger.info({ baseUrl: this.#shownUrl }, 'CRM is healthy');
    else this.#logger.error({ baseUrl: this.#shownUrl, ...outcomeFields(outcome) }, 'CRM is not healthy');
    return isHealthy;
  }

  /** Closes the connections and cuts off calls under way. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What a log line or `JSON.stringify` shows; never the token. */
  toJSON(): Record<string, unknown> {
    return { baseUrl: this.#shownUrl };
  }

  async #send(build: () => NotificationDraft): Promise<CRMReply> {
    try {
      const notification = format.build(build(), {
        id: newNotificationId(),
        occurredAt: systemClock.now(),
        maxBodyBytes,
      });
      const { id, type } = notification;
      const body = Buffer.from(notification.body);
      const exchange = await this.#client.post(format.requestFor({ id, body, attempt: 1 }));
      const reply = this.#replyOf(exchange);
      const json = this.#jsonOf(reply, body);
      this.#logger.info({ notificationId: id, type, status: reply.status }, 'CRM notification sent');
      return json as CRMReply;
    } catch (error) {
      this.#logFailure(error);
      throw error;
    }
  }

  #replyOf(outcome: Exchange): Reply {
    if (outcome.kind === 'timeout') {
      throw new CRMTimeoutError(`CRM did not respond within ${String(outcome.timeoutMs)} ms`, outcome);
    }
    if (outcome.kind === 'failure') {
      const { code, message, wasSent, cause } = outcome;
      const summary = wasSent
        ? `the exchange with ${this.#shownUrl} failed`
        : `the CRM at ${this.#shownUrl} was not reached`;
      const reason = code === undefined ? message : `${message} (${code})`;
      throw new CRMConnectionError(`${summary}: ${reason}`, { reason: code, cause });
    }
    return outcome;
  }

  /** The JSON of a 2xx reply. Throws for any other reply. */
  #jsonOf(reply: Reply, sentBody: Uint8Array): unknown {
    const { status } = reply;
    const meaning = meaningOfReply(reply, systemClock.now());
    if (meaning.kind !== 'delivered') {
      const reason = this.#client.reasonOf(reply, sentBody);
      throw new CRMHttpError(`CRM responded ${String(status)}${reason === '' ? '' : `: ${reason}`}`, {
        status,
        retryable: meaning.kind === 'retry',
        retryAfterMs: meaning.retryAfterMs,
      });
    }
    if (meaning.json === undefined) throw this.#unreadable(reply);
    return meaning.json.value;
  }

  /** The CRM took the notification, but its reply cannot be used: the error states both. */
  #unreadable(reply: Reply): CRMNotificationError {
    const prefix = `CRM responded ${String(reply.status)}, so it took the notification, but`;
    if (reply.cutBy === 'deadline')
      return new CRMTimeoutError(`${prefix} its reply did not end in time`, { timeoutMs: this.#timeoutMs });
    if (reply.cutBy === 'connection') return new CRMConnectionError(`${prefix} the connection broke within its reply`);
    return new CRMResponseError(`${prefix} its reply is not JSON`, { status: reply.status });
  }

  #logFailure(error: unknown): void {
    if (!(error instanceof CRMNotificationError)) return;
    // Only a warning for a reply that is not JSON: the CRM has the notification.
    const level = error instanceof CRMResponseError ? 'warn' : 'error';
    this.#logger[level](
      { err: errorForLog(error) },
      `CRM notification ${level === 'warn' ? 'sent, with an odd reply' : 'failed'}`,
    );
  }
}

/** Replaces options that the notifier has already resolved, and whose warnings it has already logged. */
class ResolvedOptions {
  readonly config: ServiceConfig;

  constructor({ target, logger }: Pick<ServiceConfig, 'target' | 'logger'>) {
    this.config = { target, logger, warnings: [] };
  }
}

/** Creates the direct client from a resolved configuration. */
export function createService(config: Pick<ServiceConfig, 'target' | 'logger'>): CRMNotificationService {
  return new CRMNotificationService(new ResolvedOptions(config) as ServiceOptions);
}

function outcomeFields(outcome: Exchange): Record<string, unknown> {
  switch (outcome.kind) {
    case 'reply':
      return { status: outcome.status };
    case 'timeout':
      return { timeoutMs: outcome.timeoutMs };
    case 'failure':
      return { code: outcome.code, reason: outcome.message };
  }
}
