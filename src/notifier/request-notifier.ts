import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import { version } from '../core/version.js';
import type { HookConfig } from '../hooks/hook-settings.js';
import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { BookingInput, EventInput, NotificationDraft, NotificationInput } from '../notification/notification.js';
import type { Logger } from '../telemetry/logger.js';
import { fieldsFirst } from '../telemetry/message-first.js';
import { validTraceparent } from '../core/ids.js';
import type { EventHub } from './notifier-event.js';
import type { Intake, IntakeContext } from './intake.js';
import { notifyIn } from './notify-in.js';
import type { Notifier, RequestNotifier } from './notifier.js';
import type { NotifyInTransaction } from './notify.js';
import type { Receipt } from './receipt.js';
import type { TransactionIntake } from './transaction-intake.js';
import type { Transaction } from '../transaction/transaction.js';

/**
 * What hooks need from a request's notifier besides its public calls. A hook and a notifier from two copies of this package
 * work together if both have the same version of it, so a change here, or in the types it names, needs a new `contract`.
 */
export interface HookAccess extends HookConfig {
  readonly intake: Intake;
  readonly transactions: TransactionIntake;
  readonly clock: Clock;
  readonly events: EventHub;
  /** The notifier's own. */
  readonly logger: Logger;
}

/** The version of `HookAccess`. */
const contract = '3';

// Registered symbols, so that a hook from one copy of this package finds what another copy's middleware set.
const accessKeyName = 'express-crm-notifier.hook-access';
const accessKey = Symbol.for(`${accessKeyName}/${contract}`);
const writtenKey = Symbol.for('express-crm-notifier.written-in-transactions');
const versionKey = Symbol.for('express-crm-notifier.version');

/**
 * A request's notifier. One is made for every request, so it holds three references and works out the rest on demand. Its
 * methods are getters so that they still work when destructured, like the shared notifier's.
 */
class BoundNotifier implements RequestNotifier {
  readonly notifier: Notifier;
  readonly #access: HookAccess;
  readonly #req: IncomingMessage;
  /** The types of what was written in transactions of this request. */
  #written: Set<string> | undefined;

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

  get in(): (transaction: Transaction) => NotifyInTransaction {
    return (transaction) =>
      notifyIn((build) =>
        this.#access.transactions.write(transaction, build, requestContext(this.#req), (type) => {
          this.#written = (this.#written ?? new Set()).add(type);
        }),
      );
  }

  get [writtenKey](): ReadonlySet<string> | undefined {
    return this.#written;
  }

  #accept(build: () => NotificationDraft): Promise<Receipt> {
    return this.#access.intake.accept(build, requestContext(this.#req));
  }

  get [accessKey](): HookAccess {
    return this.#access;
  }

  get [versionKey](): string {
    return version;
  }
}

export function createRequestNotifier(notifier: Notifier, access: HookAccess, req: IncomingMessage): RequestNotifier {
  return new BoundNotifier(notifier, access, req);
}

/** The access of the notifier at `res.locals.crm`; undefined when the value has none that this copy understands. */
export function hookAccessOf(value: unknown): HookAccess | undefined {
  if (typeof value !== 'object' || value === null || !(accessKey in value)) return undefined;
  return value[accessKey] as HookAccess;
}

/** Whether a notification of this type was written in a transaction of the request that has this notifier. */
export function wasWrittenInTransaction(crm: unknown, type: string): boolean {
  return (crm as { readonly [writtenKey]?: ReadonlySet<string> })[writtenKey]?.has(type) === true;
}

/** An installed copy of this package. */
export interface PackageCopy {
  /** The same object for the same copy. */
  readonly identity: object;
  readonly version: string;
  /** Its version of `HookAccess`. */
  readonly contract: string;
}

/** The copy that this code is from. */
export const thisCopy: PackageCopy = { identity: BoundNotifier.prototype, version, contract };

/** The copy that made a notifier which this copy's hooks cannot use; undefined when no other copy made the value. */
export function otherCopyOf(value: unknown): PackageCopy | undefined {
  for (let link = value; typeof link === 'object' && link !== null; link = Object.getPrototypeOf(link)) {
    const key = Object.getOwnPropertySymbols(link)
      .map((symbol) => Symbol.keyFor(symbol))
      .find((name) => name?.startsWith(accessKeyName) && name !== accessKey.description);
    if (key === undefined) continue;
    const { [versionKey]: otherVersion } = value as { readonly [versionKey]?: unknown };
    return {
      identity: link,
      version: typeof otherVersion === 'string' ? otherVersion : 'of unknown version',
      contract: key.slice(accessKeyName.length + 1) || '1',
    };
  }
  return undefined;
}

/** The request's logger, id and trace, from where pino-http and others put them; empty when one of the getters throws. */
export function requestContext(req: IncomingMessage): IntakeContext {
  try {
    const { log, id } = req as { log?: unknown; id?: unknown };
    return {
      log: isLogger(log) ? fieldsFirst(log) : undefined,
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
