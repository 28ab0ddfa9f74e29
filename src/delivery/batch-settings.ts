import { setting, wholeNumber, type TableFor } from '../core/setting.js';

/** How many notifications go in one request. */
export interface BatchOptions {
  /** How many at most; the format may allow fewer. Variable `CRM_BATCH_MAX_COUNT`. */
  readonly maxCount: number;
  /**
   * How large a request may be, in bytes; the format may allow less. Variable `CRM_BATCH_MAX_BYTES`.
   * @default 1_000_000
   */
  readonly maxBytes?: number | undefined;
  /**
   * How long newly accepted notifications are gathered, in milliseconds, unless there are enough before. Variable
   * `CRM_BATCH_MAX_WAIT_MS`.
   * @default 20
   */
  readonly maxWaitMs?: number | undefined;
}

export const batchSettings = {
  maxCount: setting<number | undefined>(
    'batch.maxCount',
    'CRM_BATCH_MAX_COUNT',
    undefined,
    wholeNumber(1, 10_000, 'notifications'),
    'How many notifications go in one request at most; empty for one.',
  ),
  maxBytes: setting(
    'batch.maxBytes',
    'CRM_BATCH_MAX_BYTES',
    1_000_000,
    wholeNumber(1_000, 100_000_000, 'bytes'),
    'How large a request with several notifications may be.',
  ),
  maxWaitMs: setting(
    'batch.maxWaitMs',
    'CRM_BATCH_MAX_WAIT_MS',
    20,
    wholeNumber(0, 60_000, 'milliseconds'),
    'How long newly accepted notifications are gathered for one request.',
  ),
} as const satisfies TableFor<BatchOptions>;
