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
import { crmFormat } from '../format/crm-format.js';
import type { Reply } from '../format/format.js';
import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { BookingInput, EventInput, NotificationDraft, NotificationInput } from '../notification/notification.js';
import { createSafeLogger, type Logger } from '../telemetry/logger.js';
import { createCrmClient, type CrmClient } from './crm-client.js';
import type { Exchange } from './exchange.js';

/** What the CRM answers: its JSON, passed on as it is. CRM services answer with an object; one that does not is not corrected. */
export type CRMReply = Readonly<Record<string, unknown>>;

// The direct client's limit is the CRM's business, not ours; this only keeps a mistake from becoming a huge POST.
const maxBodyBytes = 16 * 1024 * 1024;
const maxConnections = 32;
const format = crmFormat;

/**
 * The direct client: each call sends at once, waits for the CRM and answers its JSON, or throws. There is no outbox and
 * there are no retries; for those use `createNotifier`.
 *
 * Throws `CRMConfigError` when options or variables cannot work.
 */
export class CRMNotificationService {
  readonly #client: CrmClient;
  readonly #logger: Required<Logger>;
  readonly #baseUrl: string;
  readonly #timeoutMs: number;

  constructor(options?: ServiceOptions) {
    const config = options instanceof ResolvedOptions ? options.config : resolveServiceConfig(options);
    this.#logger = createSafeLogger(config.logger);
    this.#baseUrl = config.target.baseUrl;
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

  /** Where notifications go: the normalised base URL. */
  get baseUrl(): string {
    return this.#baseUrl;
  }

  /**
   * Sends a general notification and answers the CRM's JSON.
   *
   * Throws `CRMValidationError` before anything is sent; `CRMTimeoutError`, `CRMConnectionError`, `CRMHttpError` (any
   * status but 2xx) or `CRMResponseError` (2xx, but the body is not JSON) after.
   */
  async sendNotification(input: NotificationInput): Promise<CRMReply> {
    return this.#send(() => buildNotification(input));
  }

  /** Sends a notification of type `booking_<action>`; throws as `sendNotification` does. */
  async sendBookingNotification(input: BookingInput): Promise<CRMReply> {
    return this.#send(() => buildBooking(input));
  }

  /** Sends a notification of type `event_<action>`; throws as `sendNotification` does. */
  async sendEventNotification(input: EventInput): Promise<CRMReply> {
    return this.#send(() => buildEvent(input));
  }

  /** Whether `GET /health` is answered with 200 within `healthTimeoutMs`. Never throws. */
  async testConnection(): Promise<boolean> {
    const outcome = await this.#client.health();
    const isHealthy = outcome.kind === 'reply' && outcome.status === 200;
    if (isHealthy) this.#logger.info({ baseUrl: this.#baseUrl }, 'CRM is healthy');
    else this.#logger.error({ baseUrl: this.#baseUrl, ...outcomeFields(outcome) }, 'CRM is not healthy');
    return isHealthy;
  }

  /** Ends the connections; calls under way are cut off. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What a log line or `JSON.stringify` shows: never the token. */
  toJSON(): Record<string, unknown> {
    return { baseUrl: this.#baseUrl };
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
      const headers = format.headersOf({ id, attempt: 1 });
      const exchange = await this.#client.post({ path: format.notifyPath, headers, body });
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
      const what = wasSent
        ? `the exchange with ${this.#baseUrl} failed`
        : `the CRM at ${this.#baseUrl} was not reached`;
      const why = code === undefined ? message : `${message} (${code})`;
      throw new CRMConnectionError(`${what}: ${why}`, { reason: code, cause });
    }
    return outcome;
  }

  /** The JSON of a reply that says the CRM took the notification. */
  #jsonOf(reply: Reply, sentBody: Uint8Array): unknown {
    const { status } = reply;
    const meaning = format.classify(reply, systemClock.now());
    if (meaning.kind !== 'delivered') {
      const reason = this.#client.reasonOf(reply, sentBody);
      throw new CRMHttpError(`CRM answered ${String(status)}${reason === '' ? '' : `: ${reason}`}`, {
        status,
        retryable: meaning.kind === 'retry',
        retryAfterMs: meaning.retryAfterMs,
      });
    }
    if (meaning.json === undefined) throw this.#unreadable(reply);
    return meaning.json.value;
  }

  /** Taken by the CRM, but its answer is of no use: the caller learns both. */
  #unreadable(reply: Reply): CRMNotificationError {
    const taken = `CRM answered ${String(reply.status)}, so it took the notification, but`;
    if (reply.cutBy === 'deadline')
      return new CRMTimeoutError(`${taken} its reply did not end in time`, { timeoutMs: this.#timeoutMs });
    if (reply.cutBy === 'connection') return new CRMConnectionError(`${taken} the connection broke within its reply`);
    return new CRMResponseError(`${taken} its reply is not JSON`, { status: reply.status });
  }

  #logFailure(error: unknown): void {
    if (!(error instanceof CRMNotificationError)) return;
    // Whether the reply was JSON does not change what the CRM has: odd, not wrong.
    const level = error instanceof CRMResponseError ? 'warn' : 'error';
    this.#logger[level](
      { err: error.toJSON() },
      `CRM notification ${level === 'warn' ? 'sent, with an odd reply' : 'failed'}`,
    );
  }
}

/** In place of options that the notifier has resolved already, and whose warnings it has logged. */
class ResolvedOptions {
  readonly config: ServiceConfig;

  constructor({ target, logger }: Pick<ServiceConfig, 'target' | 'logger'>) {
    this.config = { target, logger, warnings: [] };
  }
}

/** Makes the direct client from a resolved configuration. */
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
