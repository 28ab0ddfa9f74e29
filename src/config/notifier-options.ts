import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { TokenProvider } from './token.js';

/** Options of the direct client. An option wins over its variable, a variable over the default. */
export interface ServiceOptions {
  /**
   * Where the CRM is: http or https, with an optional path that is kept (`https://h/base` posts to `/base/notify`).
   * Variable `CRM_BASE_URL`.
   * @default 'http://localhost:5001'
   */
  readonly baseUrl?: string | undefined;
  /**
   * The bearer token, or a function that answers it: asked once, and once more after the CRM answered 401, so give a
   * function where tokens expire. Variable `CRM_AUTH_TOKEN`.
   * @default 'your-secret-token', with a warning; refused when `NODE_ENV` is `production`
   */
  readonly authToken?: string | TokenProvider | undefined;
  /**
   * The deadline of one exchange with the CRM, in milliseconds: connecting, headers and body together. Raise it for a
   * CRM that is slow but does answer. Variable `CRM_TIMEOUT_MS`.
   * @default 10_000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * The deadline of a health check, in milliseconds. Variable `CRM_HEALTH_TIMEOUT_MS`.
   * @default 5_000
   */
  readonly healthTimeoutMs?: number | undefined;
  /**
   * Lets the token travel unencrypted to a public host in production. Only for a network that is secured in another way.
   * Variable `CRM_ALLOW_INSECURE_HTTP`.
   * @default false: refused in production, a warning elsewhere
   */
  readonly allowInsecureHttp?: boolean | undefined;
  /**
   * Where log lines go: pino, or anything that takes `(fields, message)`. Give your app's logger to have them in one
   * place.
   * @default pino on standard output
   */
  readonly logger?: Logger | undefined;
  /**
   * The level of the default logger: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. `debug` shows every
   * request and reply, redacted. Variable `CRM_LOG_LEVEL`.
   * @default 'info'
   */
  readonly logLevel?: string | undefined;
  /**
   * An undici dispatcher to send through instead of a pool of our own: a proxy, a certificate authority of your own, a
   * client certificate. You close it.
   * @default one pool with keep-alive
   */
  readonly dispatcher?: Dispatcher | undefined;
  /**
   * Where variables are read from; for tests and for apps with a configuration system of their own.
   * @default process.env
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Options of `createNotifier`. An option wins over its variable, a variable over the default. */
export interface NotifierOptions extends ServiceOptions {
  /**
   * The directory of the outbox file, made when it is missing, or `':memory:'` for an outbox that ends with the process.
   * Put it on a local disk that outlives a deployment. Variable `CRM_OUTBOX`.
   * @default '.crm-outbox'
   */
  readonly outbox?: string | undefined;
  /**
   * What an accepted notification survives: `full` also a power cut, `normal` any crash of the process, with fewer disk
   * flushes. Variable `CRM_SYNC`.
   * @default 'full'
   */
  readonly sync?: 'full' | 'normal' | undefined;
  /**
   * When a response goes out. `before-response`: once the notification is stored, so a booking that a client has seen
   * succeed is never lost. `after-response`: at once, so a crash within the same instant may lose it.
   * Variable `CRM_GUARANTEE`.
   * @default 'before-response'
   */
  readonly guarantee?: 'before-response' | 'after-response' | undefined;
  /**
   * How long the outbox may be silent while it owes an answer, in milliseconds, until responses and receipts no longer wait
   * for it; counted from the moment a batch was handed over, and only while the app's thread is awake. When it runs out once,
   * nothing is held until the outbox answers again. Variable `CRM_HOLD_MS`.
   * @default 1_000
   */
  readonly holdMs?: number | undefined;
  /**
   * Whether outbox and delivery run in a thread of their own. They run in the app's with `outbox: ':memory:'`, a
   * `dispatcher` or a `clock` of your own. Variable `CRM_THREAD`.
   * @default true
   */
  readonly thread?: boolean | undefined;
  /**
   * How many attempts may be under way at once. Up to five times as many that hang are not counted, so that they stop no
   * others; there are never more than six times as many in all. One lane never has more than one. Variable `CRM_CONCURRENCY`.
   * @default 8
   */
  readonly concurrency?: number | undefined;
  /**
   * How fast attempts may follow each other; set it when the CRM has a quota.
   * Variables `CRM_RATE_LIMIT_PER_SECOND`, `CRM_RATE_LIMIT_BURST`.
   * @default no limit
   */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** When and for how long a notification is tried again. */
  readonly retry?: RetryOptions | undefined;
  /** When delivery stops asking a CRM that does not answer or refuses the token, and how often it looks again. */
  readonly breaker?: BreakerOptions | undefined;
  /** How much may wait in the outbox; what comes after that is rejected, with a log line each. */
  readonly maxPending?: MaxPendingOptions | undefined;
  /**
   * How much may wait in memory until the outbox has stored it: a burst, or an outbox that does not answer. What comes after
   * that is rejected, with a log line each.
   */
  readonly maxUnsaved?: MaxUnsavedOptions | undefined;
  /**
   * The largest body of a notification, in bytes. Raise it if the CRM takes more and you must send it.
   * Variable `CRM_MAX_BODY_BYTES`.
   * @default 65_536
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * How long a dead letter is kept, in milliseconds, before it is removed for good. Variable `CRM_DEAD_RETENTION_MS`.
   * @default 2_592_000_000 (30 days)
   */
  readonly deadRetentionMs?: number | undefined;
  /**
   * How long an asynchronous mapper may take, in milliseconds, before its notification is rejected.
   * Variable `CRM_MAPPER_TIMEOUT_MS`.
   * @default 5_000
   */
  readonly mapperTimeoutMs?: number | undefined;
  /**
   * The time that delivery goes by; for tests that own the clock.
   * @default the computer's own
   */
  readonly clock?: Clock | undefined;
}

export interface RateLimitOptions {
  /** Attempts a second in the long run; may be a fraction. */
  readonly perSecond: number;
  /**
   * Attempts that may follow each other at once after a quiet time.
   * @default `perSecond`, rounded up
   */
  readonly burst?: number | undefined;
}

/**
 * Waiting grows exponentially and is drawn at random between nothing and its bound ("full jitter"), so that many
 * notifications do not come back all at once.
 */
export interface RetryOptions {
  /**
   * The bound before the second attempt, in milliseconds; doubled with each further one. Variable `CRM_RETRY_FIRST_DELAY_MS`.
   * @default 1_000
   */
  readonly firstDelayMs?: number | undefined;
  /**
   * The bound never grows beyond this, in milliseconds. Variable `CRM_RETRY_MAX_DELAY_MS`.
   * @default 3_600_000 (1 hour)
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * A notification that is older than this, in milliseconds, becomes a dead letter. Raise it if the CRM may be away for
   * longer than a weekend. Variable `CRM_RETRY_MAX_AGE_MS`.
   * @default 259_200_000 (3 days)
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * The longest wait that a `Retry-After` of the CRM can ask for, in milliseconds. Variable `CRM_RETRY_MAX_RETRY_AFTER_MS`.
   * @default 3_600_000 (1 hour)
   */
  readonly maxRetryAfterMs?: number | undefined;
}

export interface BreakerOptions {
  /**
   * After so many failures in a row to reach the CRM at all, delivery waits and sends one probe at a time.
   * Variable `CRM_BREAKER_FAILURE_THRESHOLD`.
   * @default 5
   */
  readonly failureThreshold?: number | undefined;
  /**
   * The wait before the first probe, in milliseconds; doubled with each that fails. Variable `CRM_BREAKER_FIRST_DELAY_MS`.
   * @default 500
   */
  readonly firstDelayMs?: number | undefined;
  /**
   * The longest wait between probes of a CRM that cannot be reached, in milliseconds: how late its return may be noticed.
   * Variable `CRM_BREAKER_MAX_DELAY_MS`.
   * @default 5_000
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * The longest wait between probes of a CRM that refuses the token, in milliseconds. Variable `CRM_BREAKER_MAX_PAUSE_MS`.
   * @default 30_000
   */
  readonly maxPauseMs?: number | undefined;
}

export interface MaxPendingOptions {
  /**
   * Notifications. Variable `CRM_MAX_PENDING_COUNT`.
   * @default 1_000_000
   */
  readonly count?: number | undefined;
  /**
   * Bytes of their bodies. Variable `CRM_MAX_PENDING_BYTES`.
   * @default 1_073_741_824 (1 GiB)
   */
  readonly bytes?: number | undefined;
}

export interface MaxUnsavedOptions {
  /**
   * Notifications; each takes about a kilobyte beside its body. Variable `CRM_MAX_UNSAVED_COUNT`.
   * @default 250_000
   */
  readonly count?: number | undefined;
  /**
   * Bytes of their bodies. Variable `CRM_MAX_UNSAVED_BYTES`.
   * @default 268_435_456 (256 MiB)
   */
  readonly bytes?: number | undefined;
}
