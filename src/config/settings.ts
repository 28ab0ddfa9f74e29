import { checkBoolean, serviceSettings } from './service-settings.js';
import {
  age,
  asBoolean,
  asNumber,
  asText,
  milliseconds,
  oneOf,
  setting,
  wholeNumber,
  type Setting,
} from './setting.js';

const checkOutbox = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && !value.includes('\0')
    ? undefined
    : "must be the path of a directory, or ':memory:'";

/** What the notifier needs besides. */
export const notifierSettings = {
  ...serviceSettings,
  outbox: setting(
    'outbox',
    'CRM_OUTBOX',
    '.crm-outbox',
    asText,
    checkOutbox,
    'The directory of the outbox file, or :memory: for one that ends with the process.',
  ),
  sync: setting<'full' | 'normal'>(
    'sync',
    'CRM_SYNC',
    'full',
    asText,
    oneOf('full', 'normal'),
    'What an accepted notification survives: full also a power cut, normal any crash of the process.',
  ),
  guarantee: setting<'before-response' | 'after-response'>(
    'guarantee',
    'CRM_GUARANTEE',
    'before-response',
    asText,
    oneOf('before-response', 'after-response'),
    'When a response goes out: before-response once the notification is stored, after-response at once.',
  ),
  holdMs: setting(
    'holdMs',
    'CRM_HOLD_MS',
    1_000,
    asNumber,
    milliseconds,
    'How long the outbox may be silent until no response waits for it.',
  ),
  thread: setting(
    'thread',
    'CRM_THREAD',
    true,
    asBoolean,
    checkBoolean,
    'Whether outbox and delivery run in a thread of their own.',
  ),
  concurrency: setting(
    'concurrency',
    'CRM_CONCURRENCY',
    8,
    asNumber,
    wholeNumber(1, 1024, 'attempts'),
    'How many attempts may be under way at once; up to five times as many that hang are not counted.',
  ),
  rateLimitPerSecond: setting<number | undefined>(
    'rateLimit.perSecond',
    'CRM_RATE_LIMIT_PER_SECOND',
    undefined,
    asNumber,
    (value) =>
      typeof value === 'number' && value > 0 && value <= 1_000_000
        ? undefined
        : 'must be a number from above 0 to 1000000',
    'Attempts a second in the long run; empty for no limit.',
  ),
  rateLimitBurst: setting<number | undefined>(
    'rateLimit.burst',
    'CRM_RATE_LIMIT_BURST',
    undefined,
    asNumber,
    wholeNumber(1, 1_000_000, 'attempts'),
    'Attempts that may follow each other at once after a quiet time.',
  ),
  retryFirstDelayMs: setting(
    'retry.firstDelayMs',
    'CRM_RETRY_FIRST_DELAY_MS',
    1_000,
    asNumber,
    milliseconds,
    'The longest wait before the second attempt; doubled with each further one.',
  ),
  retryMaxDelayMs: setting(
    'retry.maxDelayMs',
    'CRM_RETRY_MAX_DELAY_MS',
    3_600_000,
    asNumber,
    milliseconds,
    'The wait never grows beyond this.',
  ),
  retryMaxAgeMs: setting(
    'retry.maxAgeMs',
    'CRM_RETRY_MAX_AGE_MS',
    259_200_000,
    asNumber,
    age,
    'A notification older than this becomes a dead letter.',
  ),
  retryMaxRetryAfterMs: setting(
    'retry.maxRetryAfterMs',
    'CRM_RETRY_MAX_RETRY_AFTER_MS',
    3_600_000,
    asNumber,
    milliseconds,
    'The longest wait that a Retry-After of the CRM can ask for.',
  ),
  breakerFailureThreshold: setting(
    'breaker.failureThreshold',
    'CRM_BREAKER_FAILURE_THRESHOLD',
    5,
    asNumber,
    wholeNumber(1, 1_000_000, 'failures'),
    'After so many failures in a row to reach the CRM, delivery waits and probes.',
  ),
  breakerFirstDelayMs: setting(
    'breaker.firstDelayMs',
    'CRM_BREAKER_FIRST_DELAY_MS',
    500,
    asNumber,
    milliseconds,
    'The wait before the first probe; doubled with each that fails.',
  ),
  breakerMaxDelayMs: setting(
    'breaker.maxDelayMs',
    'CRM_BREAKER_MAX_DELAY_MS',
    5_000,
    asNumber,
    milliseconds,
    'The longest wait between probes of a CRM that cannot be reached.',
  ),
  breakerMaxPauseMs: setting(
    'breaker.maxPauseMs',
    'CRM_BREAKER_MAX_PAUSE_MS',
    30_000,
    asNumber,
    milliseconds,
    'The longest wait between probes of a CRM that refuses the token.',
  ),
  maxPendingCount: setting(
    'maxPending.count',
    'CRM_MAX_PENDING_COUNT',
    1_000_000,
    asNumber,
    wholeNumber(1, Number.MAX_SAFE_INTEGER, 'notifications'),
    'How many notifications may wait; later ones are rejected.',
  ),
  maxPendingBytes: setting(
    'maxPending.bytes',
    'CRM_MAX_PENDING_BYTES',
    1_073_741_824,
    asNumber,
    wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes'),
    'How many bytes of bodies may wait; later ones are rejected.',
  ),
  maxUnsavedCount: setting(
    'maxUnsaved.count',
    'CRM_MAX_UNSAVED_COUNT',
    250_000,
    asNumber,
    wholeNumber(1, Number.MAX_SAFE_INTEGER, 'notifications'),
    'How many notifications may wait in memory for the outbox; later ones are rejected.',
  ),
  maxUnsavedBytes: setting(
    'maxUnsaved.bytes',
    'CRM_MAX_UNSAVED_BYTES',
    268_435_456,
    asNumber,
    wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes'),
    'How many bytes of bodies may wait in memory for the outbox; later ones are rejected.',
  ),
  maxBodyBytes: setting(
    'maxBodyBytes',
    'CRM_MAX_BODY_BYTES',
    65_536,
    asNumber,
    wholeNumber(256, 16_777_216, 'bytes'),
    'The largest body of a notification.',
  ),
  deadRetentionMs: setting(
    'deadRetentionMs',
    'CRM_DEAD_RETENTION_MS',
    2_592_000_000,
    asNumber,
    age,
    'How long a dead letter is kept.',
  ),
  mapperTimeoutMs: setting(
    'mapperTimeoutMs',
    'CRM_MAPPER_TIMEOUT_MS',
    5_000,
    asNumber,
    milliseconds,
    'How long an asynchronous mapper may take.',
  ),
} as const;

/** The values of a table of settings, by its keys. */
export type SettingValues<Settings> = {
  readonly [Key in keyof Settings]: Settings[Key] extends Setting<infer Value> ? Value : never;
};
