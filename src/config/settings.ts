import { targetSettings, type TargetSettings } from '../client/target-settings.js';
import { systemClock, type Clock } from '../core/clock.js';
import { optionOnly } from '../core/setting.js';
import { deliverySettings, type DeliverySettings } from '../delivery/delivery-settings.js';
import { hookSettings, type HookSettings } from '../hooks/hook-settings.js';
import { intakeSettings, type IntakeSettings } from '../notifier/intake-settings.js';
import { outboxSettings, type OutboxSettings } from '../outbox/outbox-settings.js';
import { loggerSettings, type LoggerSettings } from '../telemetry/logger-settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Options of the direct client. An option wins over its variable, a variable over the default. */
export interface ServiceOptions extends TargetSettings, LoggerSettings {
  /**
   * Where variables are read from; for tests and for apps with a configuration system of their own.
   * @default process.env
   * @example env: { ...process.env, CRM_BASE_URL: 'http://localhost:5001' }
   */
  readonly env?: Environment | undefined;
}

/**
 * Options of `createNotifier`. An option wins over its variable, a variable over the default.
 * @example
 * const notifier = createNotifier({ baseUrl: 'https://crm.example.com', outbox: '/var/lib/booking-app/crm' });
 */
export interface NotifierOptions
  extends ServiceOptions, OutboxSettings, HookSettings, IntakeSettings, DeliverySettings {
  /**
   * The clock that delivery uses; for tests that control the time.
   * @default the computer's own
   */
  readonly clock?: Clock | undefined;
}

/** The settings of the direct client, group by group. */
export const serviceSettings = {
  target: targetSettings,
  log: loggerSettings,
  env: optionOnly<Environment | undefined>('env', undefined, acceptAny, 'Where variables are read from.'),
} as const;

/** All settings, group by group. */
export const notifierSettings = {
  ...serviceSettings,
  outbox: outboxSettings,
  hooks: hookSettings,
  intake: intakeSettings,
  delivery: deliverySettings,
  clock: optionOnly<Clock>('clock', systemClock, acceptAny, 'The time that delivery goes by, for tests that own it.'),
} as const;

function acceptAny(): undefined {
  return undefined;
}
