import { milliseconds, oneOf, setting, type TableFor, type Values } from '../core/setting.js';

/** How hooks treat the responses of their routes, and mappers. */
export interface HookSettings {
  /**
   * When a response goes out. `before-response`: once the notification is stored, so a booking that a client has seen
   * succeed is never lost. `after-response`: at once, so a crash within the same instant may lose it.
   * Variable `CRM_GUARANTEE`.
   * @default 'before-response'
   */
  readonly guarantee?: Guarantee | undefined;
  /**
   * How long responses and receipts wait for a silent outbox, in milliseconds. Counted from the moment a batch was handed
   * over, and only while the app's thread is awake. After that, nothing is held until the outbox is no longer silent.
   * Variable `CRM_HOLD_MS`.
   * @default 1_000
   */
  readonly holdMs?: number | undefined;
  /**
   * How long an asynchronous mapper may take, in milliseconds, before its notification is rejected.
   * Variable `CRM_MAPPER_TIMEOUT_MS`.
   * @default 5_000
   */
  readonly mapperTimeoutMs?: number | undefined;
}

/** When a response ends; see `guarantee`. */
export type Guarantee = 'before-response' | 'after-response';

export const hookSettings = {
  guarantee: setting<Guarantee>(
    'guarantee',
    'CRM_GUARANTEE',
    'before-response',
    oneOf('before-response', 'after-response'),
    'When a response goes out: before-response once the notification is stored, after-response at once.',
  ),
  holdMs: setting(
    'holdMs',
    'CRM_HOLD_MS',
    1_000,
    milliseconds,
    'How long the outbox may be silent until no response waits for it.',
  ),
  mapperTimeoutMs: setting(
    'mapperTimeoutMs',
    'CRM_MAPPER_TIMEOUT_MS',
    5_000,
    milliseconds,
    'How long an asynchronous mapper may take.',
  ),
} as const satisfies TableFor<HookSettings>;

export type HookConfig = Values<typeof hookSettings>;
