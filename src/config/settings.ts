import { targetSettings, type TargetSettings } from '../client/target-settings.js';
import { systemClock, type Clock } from '../core/clock.js';
import { optionOnly } from '../core/setting.js';
import { deliverySettings, type DeliverySettings } from '../delivery/delivery-settings.js';
import { formatSettings, type FormatSettings } from '../format/format-settings.js';
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
 * One of several targets: where it is, and how it is sent to. What is not set here is taken from the notifier's own options and
 * variables, but for `baseUrl` and the credentials, which belong to one target: `CRM_BASE_URL` and `CRM_AUTH_TOKEN` are for `crm` alone.
 * @example { baseUrl: 'https://marketing.example.com', authToken: token, rateLimit: { perSecond: 10 } }
 */
export interface TargetOptions extends TargetSettings, DeliverySettings, FormatSettings {}

/**
 * Options of `createNotifier`. An option wins over its variable, a variable over the default.
 * @example
 * const notifier = createNotifier({ baseUrl: 'https://crm.example.com', outbox: '/var/lib/booking-app/crm' });
 */
export interface NotifierOptions
  extends ServiceOptions, OutboxSettings, HookSettings, IntakeSettings, DeliverySettings, FormatSettings {
  /**
   * The clock that delivery uses; for tests that control the time.
   * @default the computer's own
   */
  readonly clock?: Clock | undefined;
  /**
   * Where notifications are sent, by name: 1 to 32 characters of `a-z`, `0-9`, `_` and `-`. A notification is accepted for all of
   * its targets or for none, and each target has its own order, pauses and dead letters: one that is down holds up no other.
   * Do not reuse a name for something else: what waits in the outbox is kept under it.
   * @default one, `crm`, with the options `baseUrl` and `authToken`
   * @example targets: { crm: { baseUrl: 'https://crm.example.com' }, sales: { baseUrl: 'https://sales.example.com', authToken } }
   */
  readonly targets?: Readonly<Record<string, TargetOptions>> | undefined;
}

/** The settings of the direct client, group by group. */
export const serviceSettings = {
  target: targetSettings,
  log: loggerSettings,
  env: optionOnly<Environment | undefined>('env', undefined, acceptAny, 'Where variables are read from.'),
} as const;

/** The settings that each target may have of its own. */
export const ofEachTarget = { target: targetSettings, delivery: deliverySettings, written: formatSettings } as const;

/** All settings, group by group. */
export const notifierSettings = {
  ...serviceSettings,
  outbox: outboxSettings,
  hooks: hookSettings,
  intake: intakeSettings,
  delivery: deliverySettings,
  written: formatSettings,
  clock: optionOnly<Clock>('clock', systemClock, checkClock, 'The time that delivery goes by, for tests that own it.'),
  targets: optionOnly<Readonly<Record<string, TargetOptions>> | undefined>(
    'targets',
    undefined,
    checkTargets,
    'Where notifications are sent, by name, each with its own URL, token, limits and state.',
  ),
} as const;

const maxTargets = 16;

function checkTargets(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'must be an object: the name of each target with its options';
  }
  // With what they hold, which a getter of the caller's may throw.
  const names = Object.keys({ ...value });
  if (names.length === 0 || names.length > maxTargets) return `must name 1 to ${String(maxTargets)} targets`;
  const areValid = names.every((name) => /^[a-z][a-z0-9_-]{0,31}$/.test(name));
  return areValid ? undefined : 'must have names of 1 to 32 characters of a-z, 0-9, _ and -, each with a letter first';
}

function checkClock(value: unknown): string | undefined {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof Clock, unknown>>;
  const isClock = [given.now, given.monotonicMs, given.after].every((member) => typeof member === 'function');
  return isClock ? undefined : 'must be a clock: an object with the functions now, monotonicMs and after';
}

function acceptAny(): undefined {
  return undefined;
}
