import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { HookConfig } from '../hooks/hook-settings.js';
import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { BookingInput, EventInput, NotificationDraft, NotificationInput } from '../notification/notification.js';
import type { Logger } from '../telemetry/logger.js';
import { validTraceparent } from '../core/traceparent.js';
import type { EventHub } from './event-hub.js';
import type { Intake, IntakeContext } from './intake.js';
import type { Notifier, RequestNotifier } from './notifier.js';
import type { Receipt } from './receipt.js';

/** What hooks need of a request's notifier besides its public calls. */
export interface HookAccess extends HookConfig {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly events: EventHub;
}

// Registered, so that a hook of one copy of this package finds what the middleware of another put there.
const accessKey = Symbol.for('express-crm-notifier.hook-access');

/**
 * A request's notifier. It is made for every request, so it holds two references and works out the rest when asked: its
 * calls as well, which keep working when they are taken off it, as the shared notifier's do.
 */
class BoundNotifier implements RequestNotifier {
  readonly notifier: Notifier;
  readonly #access: HookAccess;
  readonly #req: IncomingMessage;

  constructor(notifier: Notifier, access: HookAccess, req: IncomingMessage) {
    this.notifier = notifier;
    this.#access = access;
    this.#req = req;
  }

  get notify(): (input: NotificationInput) => Promise<Receipt> {
    return (input) => this.#accept(() => buildNotification(input));
  }

  get notifyBooking(): (input: BookingInput) => Promise<Receipt> {
    return (input) => this.#accept(() => buildBooking(input));
  }

  get notifyEvent(): (input: EventInput) => Promise<Receipt> {
    return (input) => this.#accept(() => buildEvent(input));
  }

  #accept(build: () => NotificationDraft): Promise<Receipt> {
    return this.#access.intake.accept(build, requestContext(this.#req));
  }

  get [accessKey](): HookAccess {
    return this.#access;
  }
}

export function createRequestNotifier(notifier: Notifier, access: HookAccess, req: IncomingMessage): RequestNotifier {
  return new BoundNotifier(notifier, access, req);
}

/** What a hook works with, from whatever stands at `res.locals.crm`; undefined when that is not ours. */
export function hookAccessOf(value: unknown): HookAccess | undefined {
  if (typeof value !== 'object' || value === null || !(accessKey in value)) return undefined;
  return value[accessKey] as HookAccess;
}

/** The request's logger, id and trace, wherever pino-http or others have put them; nothing where a getter of theirs throws. */
export function requestContext(req: IncomingMessage): IntakeContext {
  try {
    const { log, id } = req as { log?: unknown; id?: unknown };
    return {
      log: isLogger(log) ? log : undefined,
      requestId: typeof id === 'string' || typeof id === 'number' ? id : undefined,
      traceparent: validTraceparent(req.headers['traceparent']),
    };
  } catch {
    return {};
  }
}

function isLogger(value: unknown): value is Logger {
  return typeof value === 'object' && value !== null && typeof (value as { warn?: unknown }).warn === 'function';
}
