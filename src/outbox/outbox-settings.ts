import {
  age,
  oneOf,
  setting,
  textThat,
  trueOrFalse,
  wholeNumber,
  type TableFor,
  type Values,
} from '../core/setting.js';

/** Where accepted notifications wait, how many may, and for how long dead letters are kept. */
export interface OutboxSettings {
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
  readonly sync?: Sync | undefined;
  /**
   * Whether outbox and delivery run in a thread of their own. They run in the app's with `outbox: ':memory:'`, a
   * `dispatcher` or a `clock` of your own. Variable `CRM_THREAD`.
   * @default true
   */
  readonly thread?: boolean | undefined;
  /**
   * How much may wait in the outbox; what comes after that is rejected, with a log line each.
   * @example maxPending: { count: 100_000, bytes: 100 * 1024 * 1024 }
   */
  readonly maxPending?: MaxPendingOptions | undefined;
  /**
   * How long a dead letter is kept, in milliseconds, before it is removed for good. Variable `CRM_DEAD_RETENTION_MS`.
   * @default 2_592_000_000 (30 days)
   */
  readonly deadRetentionMs?: number | undefined;
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

type Sync = 'full' | 'normal';

const place = textThat((value) =>
  typeof value === 'string' && value !== '' && !value.includes('\0')
    ? undefined
    : "must be the path of a directory, or ':memory:'",
);

export const outboxSettings = {
  // Within its group `outbox` is the path.
  path: setting(
    'outbox',
    'CRM_OUTBOX',
    '.crm-outbox',
    place,
    'The directory of the outbox file, or :memory: for one that ends with the process.',
  ),
  sync: setting<Sync>(
    'sync',
    'CRM_SYNC',
    'full',
    oneOf('full', 'normal'),
    'What an accepted notification survives: full also a power cut, normal any crash of the process.',
  ),
  thread: setting(
    'thread',
    'CRM_THREAD',
    true,
    trueOrFalse,
    'Whether outbox and delivery run in a thread of their own.',
  ),
  maxPending: {
    count: setting(
      'maxPending.count',
      'CRM_MAX_PENDING_COUNT',
      1_000_000,
      wholeNumber(1, Number.MAX_SAFE_INTEGER, 'notifications'),
      'How many notifications may wait; later ones are rejected.',
    ),
    bytes: setting(
      'maxPending.bytes',
      'CRM_MAX_PENDING_BYTES',
      1_073_741_824,
      wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes'),
      'How many bytes of bodies may wait; later ones are rejected.',
    ),
  } satisfies TableFor<MaxPendingOptions>,
  deadRetentionMs: setting(
    'deadRetentionMs',
    'CRM_DEAD_RETENTION_MS',
    2_592_000_000,
    age,
    'How long a dead letter is kept.',
  ),
} as const satisfies TableFor<Omit<OutboxSettings, 'outbox'> & { readonly path: unknown }>;

export type OutboxConfig = Values<typeof outboxSettings>;
