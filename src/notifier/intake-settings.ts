import { setting, wholeNumber, type TableFor, type Values } from '../core/setting.js';
import { hookSettings } from '../hooks/hook-settings.js';

/** How much is accepted. */
export interface IntakeSettings {
  /**
   * The largest body of a notification, in bytes. Raise it if the CRM takes more and you must send it.
   * Variable `CRM_MAX_BODY_BYTES`.
   * @default 65_536
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * How much may wait in memory for the outbox, during a burst or while the outbox is silent. Further notifications are
   * rejected, with a log line each.
   * @example maxUnsaved: { count: 50_000, bytes: 50 * 1024 * 1024 }
   */
  readonly maxUnsaved?: MaxUnsavedOptions | undefined;
}

export interface MaxUnsavedOptions {
  /**
   * Notifications; each takes about a kilobyte besides its body. Variable `CRM_MAX_UNSAVED_COUNT`.
   * @default 250_000
   */
  readonly count?: number | undefined;
  /**
   * Bytes of their bodies. Variable `CRM_MAX_UNSAVED_BYTES`.
   * @default 268_435_456 (256 MiB)
   */
  readonly bytes?: number | undefined;
}

export const intakeSettings = {
  maxBodyBytes: setting(
    'maxBodyBytes',
    'CRM_MAX_BODY_BYTES',
    65_536,
    wholeNumber(256, 16_777_216, 'bytes'),
    'The largest body of a notification.',
  ),
  maxUnsaved: {
    count: setting(
      'maxUnsaved.count',
      'CRM_MAX_UNSAVED_COUNT',
      250_000,
      wholeNumber(1, Number.MAX_SAFE_INTEGER, 'notifications'),
      'How many notifications may wait in memory for the outbox; later ones are rejected.',
    ),
    bytes: setting(
      'maxUnsaved.bytes',
      'CRM_MAX_UNSAVED_BYTES',
      268_435_456,
      wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes'),
      'How many bytes of bodies may wait in memory for the outbox; later ones are rejected.',
    ),
  } satisfies TableFor<MaxUnsavedOptions>,
  // Receipts wait as long as responses do.
  holdMs: hookSettings.holdMs,
} as const satisfies TableFor<IntakeSettings & { readonly holdMs: unknown }>;

export type IntakeConfig = Values<typeof intakeSettings>;
