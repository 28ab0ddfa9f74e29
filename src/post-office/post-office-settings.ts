import type { TargetConfig } from '../client/target-settings.js';
import type { DeliveryConfig } from '../delivery/delivery-settings.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';

/** What a post office needs to know: plain data, so that it can cross into a thread. */
export interface PostOfficeSettings {
  /** Without what may be a function. */
  readonly target: Omit<TargetConfig, 'authToken' | 'dispatcher'>;
  readonly outbox: OutboxConfig;
  readonly delivery: DeliveryConfig;
  /** The outbox's file, prepared and claimed; undefined for an outbox in memory. */
  readonly file: string | undefined;
}
