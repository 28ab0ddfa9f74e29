import type { AuthOptions } from './auth-options.js';
import type { JsonValue, WireId } from '../notification/notification.js';

/**
 * How to write to one kind of CRM, and how to read its replies. Every function is pure: it knows no network, no clock and no
 * secret. `build` runs in the app as a notification is accepted; the rest runs where notifications are delivered.
 */
export interface FormatDefinition {
  /** Names the format in messages and on the dashboard: 1 to 64 characters of `a-z`, `A-Z`, `0-9`, `_` and `-`. */
  readonly name: string;
  /** Where the CRM is, if that is the same for all its customers. @default the target's `baseUrl` must be given */
  readonly baseUrl?: string | undefined;
  /** How it is told who we are, unless the target has an `auth` of its own. @default the token as `Authorization: Bearer` */
  readonly auth?: AuthOptions | undefined;
  /** Where one notification is posted, below the base URL, unless `build` returns a path of its own: `/v1/track`. */
  readonly path: string;
  /** Of the body. @default 'application/json' */
  readonly contentType?: string | undefined;
  /**
   * Makes the request for one notification: its body is the exact text that every attempt posts. What it throws, or returns
   * that cannot be posted, rejects the notification; its response is untouched.
   */
  readonly build: (facts: NotificationFacts) => BuiltRequest;
  /**
   * What a reply means, for each notification of the request in turn, or for all of them alike; undefined where its status
   * says it all. @default by its status, as docs/delivery.md lists them
   */
  readonly classify?:
    ((reply: FormatReply, sent: readonly SentNotification[]) => Outcome | readonly Outcome[] | undefined) | undefined;
  /** How several notifications go in one request. @default each has a request of its own */
  readonly batch?: BatchFormat | undefined;
  /** Where the thread that delivers finds `classify` and `batch.join`; `defineFormat` sets it. */
  readonly source?: FormatSource | undefined;
}

/** Where a format's functions are found by a thread, to which no function can be sent. */
export type FormatSource =
  /** One of this package's own, by its name. */
  | { readonly kind: 'built-in' }
  /** Exported by a module of the app under this name. */
  | { readonly kind: 'module'; readonly url: string; readonly exportName: string };

/** What happened: checked, copied and plain JSON, so that nothing changes it any more. */
export interface NotificationFacts {
  /** UUIDv7; the same on every attempt and for every target. */
  readonly id: string;
  /** Such as `booking_created`. */
  readonly type: string;
  readonly userId: WireId;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** What the wire format sends as `additional_data`, such as `booking_id`, `session_id` and `action` of a booking. */
  readonly data: Readonly<Record<string, JsonValue>>;
  /** What a booking record has besides: `booking_id`, `user`, `event` and `facilitator_id`; empty for all else. */
  readonly record: Readonly<Record<string, JsonValue>>;
}

/** The request for one notification. */
export interface BuiltRequest {
  readonly body: string;
  /** Below the base URL, with `/` at its start. @default the format's `path` */
  readonly path?: string | undefined;
  /** Further headers, by their names in lower case. Their values are visible ASCII. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** How several notifications go in one request. Those with a path or headers of their own go alone. */
export interface BatchFormat {
  /** Below the base URL. @default the format's `path` */
  readonly path?: string | undefined;
  /** How many the CRM takes at most. */
  readonly maxCount: number;
  /** How large the CRM lets the body be, in bytes. @default 1_000_000 */
  readonly maxBytes?: number | undefined;
  /** The body of a request for these, from the bodies that `build` returned. */
  readonly join: (bodies: readonly string[]) => string;
}

/** The part of a reply that is read: at most 64 KB of its body. */
export interface FormatReply {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  /** The body's JSON; undefined if it is none. */
  readonly json: unknown;
}

/** One notification of a request. */
export interface SentNotification {
  readonly id: string;
  /** What `build` returned. */
  readonly body: string;
}

/**
 * What a reply means for one notification.
 *
 * - `delivered`: the CRM has it.
 * - `retry`: it may take it later, after this wait if it asked for one.
 * - `rejected`: it never will; `detail` says why.
 * - `refused`: it takes nothing with these credentials, so the target is paused.
 */
export type Outcome =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'retry';
      readonly retryAfterMs?: number | undefined;
      /** Whether it takes nothing else either until then, such as when a day's requests are used up. @default false */
      readonly pausesTarget?: boolean | undefined;
    }
  | { readonly kind: 'rejected'; readonly detail?: string | undefined }
  | { readonly kind: 'refused' };
