import type { Notification, NotificationDraft } from '../notification/notification.js';

/**
 * How a CRM wants to be written to, and how its replies are to be read: path, headers, body, and what a status means. A format
 * knows no network; whoever sends asks it.
 */
export interface Format {
  /** Where notifications are posted, below the CRM's base URL. */
  readonly notifyPath: string;
  /** Where the CRM says whether it is well, below its base URL. */
  readonly healthPath: string;
  /** Keys of a body whose values name records, types and states, never a person: what a debug line may show. */
  readonly harmlessKeys: ReadonlySet<string>;

  /**
   * Serialises a draft, once, into the exact text that every attempt will post.
   * Throws `CRMValidationError` when the data is not plain JSON or the body would be larger than `maxBodyBytes`.
   */
  build(draft: NotificationDraft, context: BuildContext): Notification;

  /** Why a stored notification can never be sent, in one sentence; undefined when it can. */
  problemWith(post: Pick<Post, 'id'>): string | undefined;

  /** The headers of one POST, name and value in turn, besides those of the connection and the token. */
  headersOf(post: Post): readonly string[];

  /** What a reply to a POST means. `now` is the wall clock's, in milliseconds since 1970. */
  classify(reply: Reply, now: number): ReplyMeaning;
}

/** What turns a draft into a notification: who it is, when it occurred, in which trace, and how large it may be. */
export interface BuildContext {
  /** UUIDv7. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  readonly traceparent?: string | undefined;
  readonly maxBodyBytes: number;
}

/** A notification on its way. */
export interface Post {
  readonly id: string;
  /** The W3C `traceparent` it was accepted with. */
  readonly traceparent?: string | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** An HTTP reply, as far as it was read. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Why reading stopped before the end of the body, if it did. */
  readonly cutBy?: 'deadline' | 'limit' | 'connection' | undefined;
}

/** What a CRM's reply means for the notification that was posted. */
export type ReplyMeaning =
  /** The CRM has it. `json` is missing when the reply is not JSON (RFC 8259), or was not read to its end. */
  | { readonly kind: 'delivered'; readonly json: { readonly value: unknown } | undefined }
  /** Not now: the same request may succeed later. */
  | { readonly kind: 'retry'; readonly retryAfterMs: number | undefined }
  /** The CRM refuses whoever sends, or this notification with that sender's token. */
  | { readonly kind: 'refused'; readonly retryAfterMs: number | undefined }
  /** Never like this. */
  | { readonly kind: 'dead'; readonly reason: 'rejected' | 'redirect'; readonly retryAfterMs: number | undefined };
