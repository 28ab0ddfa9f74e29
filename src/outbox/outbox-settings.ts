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
import { isPostgresOutbox, isPostgresUrl, type PostgresOutbox } from './postgres/postgres-outbox.js';

/** Where accepted notifications wait, how many may wait, and how long dead letters are kept. */
export interface OutboxSettings {
  /**
   * The directory of the outbox file, created if missing; `postgresOutbox(…)` or a URL `postgres://…` for one in your PostgreSQL;
   * or `':memory:'` for an outbox that ends with the process. A directory belongs on a local disk that outlives a deployment.
   * Variable `CRM_OUTBOX`.
   *
   * In a test run (of jest, vitest or `node --test`, or with `NODE_ENV=test`) that does not set it, it is `':memory:'`, and only a
   * CRM on this machine is notified.
   * @default '.crm-outbox'
   * @example outbox: '/var/lib/booking-app/crm-outbox'
   */
  readonly outbox?: string | PostgresOutbox | undefined;
  /**
   * What an accepted notification survives. `normal`: any crash of the process; `full`: a power cut, too, for more disk
   * flushes. Variable `CRM_SYNC`.
   * @default 'full'
   */
  readonly sync?: Sync | undefined;
  /**
   * Whether outbox and delivery run in a thread of their own. With `outbox: ':memory:'`, your own `dispatcher` or your own
   * `clock` they always run in the app's thread. Variable `CRM_THREAD`.
   * @default true
   */
  readonly thread?: boolean | undefined;
  /**
   * How much may wait in the outbox; further notifications are rejected, each with a log line.
   * @example maxPending: { count: 100_000, bytes: 100 * 1024 * 1024 }
   */
  readonly maxPending?: MaxPendingOptions | undefined;
  /**
   * How long a dead letter is kept, in milliseconds, before it is removed for good. Variable `CRM_DEAD_RETENTION_MS`.
   * @default 2_592_000_000 (30 days)
   */
  readonly deadRetentionMs?: number | undefined;
  /**
   * How many delivered notifications the dashboard and `crm.delivered.list()` can still show, and for how long: the latest, without
   * their bodies.
   * @example keepDelivered: { count: 100_000, ms: 7 * 24 * 3_600_000 }
   */
  readonly keepDelivered?: KeepDeliveredOptions | undefined;
}

export interface KeepDeliveredOptions {
  /**
   * How many; 0 for none. Variable `CRM_KEEP_DELIVERED_COUNT`.
   * @default 1_000
   */
  readonly count?: number | undefined;
  /**
   * For how long, in milliseconds; 0 for not at all. Variable `CRM_KEEP_DELIVERED_MS`.
   * @default 86_400_000 (a day)
   */
  readonly ms?: number | undefined;
}

export interface MaxPendingOptions {
  /**
   * How many notifications. Variable `CRM_MAX_PENDING_COUNT`.
   * @default 1_000_000
   */
  readonly count?: number | undefined;
  /**
   * How many bytes their bodies have together. Variable `CRM_MAX_PENDING_BYTES`.
   * @default 1_073_741_824 (1 GiB)
   */
  readonly bytes?: number | undefined;
}

/** What an accepted notification survives; see `sync`. */
export type Sync = 'full' | 'normal';

const place = textThat((value) => {
  if (isPostgresOutbox(value)) return undefined;
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    return "must be the path of a directory, ':memory:', postgresOutbox(…), or a URL postgres://…";
  }
  // A typing error in the URL must not become the name of a directory.
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(value) || isPostgresUrl(value)) return undefined;
  return 'must be a URL of PostgreSQL, if it is one: postgres://user:password@host:port/database';
});

export const outboxSettings = {
  // In the group `outbox`, the option `outbox` is named `path`.
  path: setting<string | PostgresOutbox>(
    'outbox',
    'CRM_OUTBOX',
    '.crm-outbox',
    place,
    'The directory of the outbox file, postgres://…, or :memory: for one that ends with the process.',
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
  keepDelivered: {
    count: setting(
      'keepDelivered.count',
      'CRM_KEEP_DELIVERED_COUNT',
      1_000,
      wholeNumber(0, 1_000_000, 'notifications'),
      'How many delivered notifications can still be shown; 0 for none.',
    ),
    ms: setting(
      'keepDelivered.ms',
      'CRM_KEEP_DELIVERED_MS',
      86_400_000,
      wholeNumber(0, Number.MAX_SAFE_INTEGER, 'milliseconds'),
      'For how long they can be shown; 0 for not at all.',
    ),
  } satisfies TableFor<KeepDeliveredOptions>,
} as const satisfies TableFor<Omit<OutboxSettings, 'outbox'> & { readonly path: unknown }>;

export type OutboxConfig = Values<typeof outboxSettings>;
