import type { ErrorData } from '../core/errors.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import type { LogFields, LogLevel } from '../telemetry/logger.js';
import type {
  Acceptance,
  PostOffice,
  PostOfficeSettings,
  PostOfficeStats,
  WrittenNotification,
} from './post-office.js';
import type { AcceptGate, ExitGate } from './thread-gates.js';

/** The methods of a post office that are a call and a result. */
export type PostOfficeCall = Exclude<keyof PostOffice, 'accept' | 'lookSoon' | 'isStarting' | 'lastKnown'>;

/** The data that the thread is started with. */
export interface ThreadData {
  /** Of the package in the app's thread. */
  readonly version: string;
  readonly settings: PostOfficeSettings;
  /** By their targets' names. The thread has to ask for those that are missing. */
  readonly authTokens: Readonly<Record<string, string>>;
  readonly isDebugEnabled: boolean;
  readonly exitGate: ExitGate;
  readonly acceptGate: AcceptGate;
}

/** From the app's thread to the post office's. Messages arrive in order, and none is lost while both run. */
export type ToThread =
  | { readonly kind: 'accept'; readonly batch: number; readonly notifications: readonly AcceptedNotification[] }
  | { readonly kind: 'call'; readonly call: number; readonly name: PostOfficeCall; readonly argument: unknown }
  | { readonly kind: 'token'; readonly question: number; readonly token: string | undefined }
  | { readonly kind: 'lookSoon'; readonly written: readonly WrittenNotification[] }
  | { readonly kind: 'ping' };

/** From the post office's thread to the app's. */
export type FromThread =
  /** The outbox is open, with this many pending, or it cannot be opened. */
  | { readonly kind: 'opened'; readonly pending: number }
  /** If `acceptances` is undefined, all were accepted. */
  | { readonly kind: 'accepted'; readonly batch: number; readonly acceptances: readonly Acceptance[] | undefined }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly call: number; readonly error: ErrorData }
  | { readonly kind: 'events'; readonly events: readonly DeliveryEvent[] }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: LogFields; readonly message: string }
  | { readonly kind: 'lastStats'; readonly stats: PostOfficeStats }
  | { readonly kind: 'askToken'; readonly question: number; readonly target: string }
  | { readonly kind: 'pong' };
