import type { Notification, NotificationDraft } from '../notification/notification.js';

/**
 * How to write to a CRM and how to read its replies: path, headers, body, and what a status means. A format does no network
 * I/O; the sender calls it.
 */
export interface Format {
  /** Where notifications are posted, below the CRM's base URL. */
  readonly notifyPath: string;
  /** The CRM's health check, below its base URL. */
  readonly healthPath: string;
  /** Keys of a body whose values identify records, types and states, never a person: a debug line may show them. */
  readonly harmlessKeys: ReadonlySet<string>;

  /**
   * Serialises a draft once into the exact text that every attempt will post.
   * Throws `CRMValidationError` when the data is not plain JSON or the body would be larger than `maxBodyBytes`.
   */
  build(draft: NotificationDraft, context: BuildContext): Notification;

  /** Why a stored notification can never be sent, in one sentence; undefined when it can. */
  problemWith(post: SentPost): string | undefined;

  /** The request of one attempt. */
  requestFor(post: Post): PostRequest;

  /** How several notifications go in one request. Undefined if they cannot. */
  readonly batch?: RequestBatch | undefined;

  /**
   * What a reply to a POST means, for each of the notifications that were sent in it. `now` is the wall clock's time, in
   * milliseconds since 1970.
   */
  classify(reply: Reply, now: number, sent: readonly SentPost[]): readonly ReplyMeaning[];
}

/** A format where notifications are delivered: they have been built already. */
export type DeliveryFormat = Omit<Format, 'build'>;

/** What turns a draft into a notification: its id, when it occurred, its trace, and how large it may be. */
export interface BuildContext {
  /** UUIDv7. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  readonly traceparent?: string | undefined;
  readonly maxBodyBytes: number;
}

/** What a format needs to know about one POST. */
export interface Post {
  readonly id: string;
  /** As `build` made it. */
  readonly body: Uint8Array;
  /** The W3C `traceparent` it was accepted with. */
  readonly traceparent?: string | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** How a format puts several notifications into one request. */
export interface RequestBatch {
  readonly maxCount: number;
  /** Of the request's body. */
  readonly maxBytes: number;
  /** Whether this one may share a request: not if it has a path or headers of its own. */
  mayShare(post: SentPost): boolean;
  /** `key` identifies this composition, over all its attempts. */
  requestFor(posts: readonly Post[], key: string): PostRequest;
}

/** A notification that was sent. */
export type SentPost = Pick<Post, 'id' | 'body'>;

/** One POST, without what the client adds: the credentials and the headers of the connection. */
export interface PostRequest {
  /** Below the base URL. */
  readonly path: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** The part of an HTTP reply that was read. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Why reading stopped before the end of the body, if it did. */
  readonly cutBy?: 'deadline' | 'limit' | 'connection' | undefined;
}

/** What a CRM's reply means for a notification that was posted. */
export type ReplyMeaning = SingleMeaning & {
  /** Whether it is meant for this notification alone, if several were posted. @default false */
  readonly isOfItem?: boolean | undefined;
  /** The status of this notification alone. @default the reply's */
  readonly status?: number | undefined;
};

type SingleMeaning =
  /** The CRM has it. `json` is missing when the reply is not JSON (RFC 8259), or was not read to its end. */
  | { readonly kind: 'delivered'; readonly json: { readonly value: unknown } | undefined }
  /** Failed for now: the same request may succeed later. */
  | {
      readonly kind: 'retry';
      readonly retryAfterMs: number | undefined;
      /** Whether it takes nothing else either until then. @default false */
      readonly pausesTarget?: boolean | undefined;
    }
  /** The CRM refuses the token, or this notification with it. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number | undefined }
  /** Failed for good: the same request will never succeed. */
  | {
      readonly kind: 'dead';
      readonly reason: 'rejected' | 'redirect';
      /** @default the reply's body */
      readonly detail?: string | undefined;
      /** Whether a wrong base URL would get the same reply. */
      readonly isAddressInDoubt: boolean;
      readonly retryAfterMs: number | undefined;
    };
