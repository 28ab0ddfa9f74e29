import {
  age,
  milliseconds,
  nameOf,
  numberThat,
  setting,
  wholeNumber,
  type Findings,
  type TableFor,
  type Values,
} from '../core/setting.js';
import { batchSettings, type BatchOptions } from './batch-settings.js';

/** How fast notifications are sent, and what happens when that fails. */
export interface DeliverySettings {
  /**
   * How many attempts may be under way at once. Up to five times as many that hang are not counted, so that they hold up no
   * others; there are never more than six times as many in all. One lane never has more than one. Variable `CRM_CONCURRENCY`.
   * @default 8
   * @example concurrency: 2
   */
  readonly concurrency?: number | undefined;
  /**
   * How fast attempts may follow each other; set it when the CRM has a quota.
   * Variables `CRM_RATE_LIMIT_PER_SECOND`, `CRM_RATE_LIMIT_BURST`.
   * @default no limit
   * @example rateLimit: { perSecond: 10, burst: 20 }
   */
  readonly rateLimit?: RateLimitOptions | undefined;
  /**
   * Sends several notifications in one request, where the target's format can: our own to `POST /notify/batch` (docs/wire-format.md).
   * Each is of another lane, and is settled by its own result.
   * Variables `CRM_BATCH_MAX_COUNT`, `CRM_BATCH_MAX_BYTES`, `CRM_BATCH_MAX_WAIT_MS`.
   * @default one in each request
   * @example batch: { maxCount: 100, maxWaitMs: 1_000 }
   */
  readonly batch?: BatchOptions | undefined;
  /**
   * When and for how long a notification is tried again.
   * @example retry: { maxAgeMs: 7 * 24 * 3_600_000 }
   */
  readonly retry?: RetryOptions | undefined;
  /**
   * When delivery pauses because the CRM cannot be reached or refuses the token, and how often it tries again.
   * @example breaker: { maxDelayMs: 1_000 }
   */
  readonly breaker?: BreakerOptions | undefined;
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
 * The wait is random between 0 and a bound that grows exponentially ("full jitter"), so that many notifications are not retried
 * at the same moment.
 */
export interface RetryOptions {
  /**
   * The bound of the wait before the second attempt, in milliseconds; doubled with each further attempt.
   * Variable `CRM_RETRY_FIRST_DELAY_MS`.
   * @default 1_000
   */
  readonly firstDelayMs?: number | undefined;
  /**
   * The bound never grows beyond this, in milliseconds. Variable `CRM_RETRY_MAX_DELAY_MS`.
   * @default 3_600_000 (1 hour)
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * A notification older than this, in milliseconds, becomes a dead letter when its next attempt fails. Raise it if the CRM may
   * be down for longer than a weekend. Variable `CRM_RETRY_MAX_AGE_MS`.
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
   * After so many failures in a row to reach the CRM, delivery pauses and sends one probe at a time.
   * Variable `CRM_BREAKER_FAILURE_THRESHOLD`.
   * @default 5
   */
  readonly failureThreshold?: number | undefined;
  /**
   * The wait before the first probe, in milliseconds; doubled with each probe that fails.
   * Variable `CRM_BREAKER_FIRST_DELAY_MS`.
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

const rate = numberThat((value) =>
  typeof value === 'number' && value > 0 && value <= 1_000_000 ? undefined : 'must be a number from above 0 to 1000000',
);

export const deliverySettings = {
  concurrency: setting(
    'concurrency',
    'CRM_CONCURRENCY',
    8,
    wholeNumber(1, 1024, 'attempts'),
    'How many attempts may be under way at once; up to five times as many that hang are not counted.',
  ),
  rateLimit: {
    perSecond: setting<number | undefined>(
      'rateLimit.perSecond',
      'CRM_RATE_LIMIT_PER_SECOND',
      undefined,
      rate,
      'Attempts a second in the long run; empty for no limit.',
    ),
    burst: setting<number | undefined>(
      'rateLimit.burst',
      'CRM_RATE_LIMIT_BURST',
      undefined,
      wholeNumber(1, 1_000_000, 'attempts'),
      'Attempts that may follow each other at once after a quiet time.',
    ),
  } satisfies TableFor<RateLimitOptions>,
  batch: batchSettings,
  retry: {
    firstDelayMs: setting(
      'retry.firstDelayMs',
      'CRM_RETRY_FIRST_DELAY_MS',
      1_000,
      milliseconds,
      'The longest wait before the second attempt; doubled with each further one.',
    ),
    maxDelayMs: setting(
      'retry.maxDelayMs',
      'CRM_RETRY_MAX_DELAY_MS',
      3_600_000,
      milliseconds,
      'The wait never grows beyond this.',
    ),
    maxAgeMs: setting(
      'retry.maxAgeMs',
      'CRM_RETRY_MAX_AGE_MS',
      259_200_000,
      age,
      'A notification older than this becomes a dead letter when an attempt fails.',
    ),
    maxRetryAfterMs: setting(
      'retry.maxRetryAfterMs',
      'CRM_RETRY_MAX_RETRY_AFTER_MS',
      3_600_000,
      milliseconds,
      'The longest wait that a Retry-After of the CRM can ask for.',
    ),
  } satisfies TableFor<RetryOptions>,
  breaker: {
    failureThreshold: setting(
      'breaker.failureThreshold',
      'CRM_BREAKER_FAILURE_THRESHOLD',
      5,
      wholeNumber(1, 1_000_000, 'failures'),
      'After so many failures in a row to reach the CRM, delivery waits and probes.',
    ),
    firstDelayMs: setting(
      'breaker.firstDelayMs',
      'CRM_BREAKER_FIRST_DELAY_MS',
      500,
      milliseconds,
      'The wait before the first probe; doubled with each that fails.',
    ),
    maxDelayMs: setting(
      'breaker.maxDelayMs',
      'CRM_BREAKER_MAX_DELAY_MS',
      5_000,
      milliseconds,
      'The longest wait between probes of a CRM that cannot be reached.',
    ),
    maxPauseMs: setting(
      'breaker.maxPauseMs',
      'CRM_BREAKER_MAX_PAUSE_MS',
      30_000,
      milliseconds,
      'The longest wait between probes of a CRM that refuses the token.',
    ),
  } satisfies TableFor<BreakerOptions>,
} as const satisfies TableFor<DeliverySettings>;

type DeliveryValues = Values<typeof deliverySettings>;

export interface DeliveryConfig extends Omit<DeliveryValues, 'rateLimit' | 'batch'> {
  /** Undefined means one notification in each request. */
  readonly batch: { readonly [Name in keyof BatchOptions]-?: number } | undefined;
  /** Undefined means no limit. */
  readonly rateLimit: { readonly [Name in keyof RateLimitOptions]-?: number } | undefined;
}

/**
 * Completes the rate limit: `burst` needs `perSecond`, which is also its default, rounded up. `path` is where the options are, such
 * as `targets.sales`.
 */
export function resolveDelivery(values: DeliveryValues, { issues }: Findings, path?: string): DeliveryConfig {
  const { perSecond, burst } = values.rateLimit;
  if (burst !== undefined && perSecond === undefined) {
    const { rateLimit } = deliverySettings;
    issues.push({
      path: nameOf(rateLimit.burst, path),
      message: `needs ${nameOf(rateLimit.perSecond, path)} beside it`,
    });
  }
  const rateLimit = perSecond === undefined ? undefined : { perSecond, burst: burst ?? Math.ceil(perSecond) };
  const { maxCount, ...bounds } = values.batch;
  return { ...values, rateLimit, batch: maxCount === undefined ? undefined : { maxCount, ...bounds } };
}
