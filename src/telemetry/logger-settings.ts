import { hasFunctions, oneOf, optionOnly, setting, type TableFor, type Values } from '../core/setting.js';
import { createDefaultLogger, type Logger } from './logger.js';
import { fieldsFirst } from './message-first.js';

/** Where log lines go. */
export interface LoggerSettings {
  /**
   * Where log lines go: pino, any logger that takes `(fields, message)`, winston or `console`. Wrap another one that takes
   * the message first in `messageFirst`. Pass your app's logger to have all lines in one place.
   * @default pino on standard output
   * @example logger: pino({ name: 'booking-app' })
   */
  readonly logger?: Logger | undefined;
  /**
   * The level of the default logger, and of `console`: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. `debug`
   * shows every request and reply, redacted. Variable `CRM_LOG_LEVEL`.
   * @default 'info'
   */
  readonly logLevel?: string | undefined;
}

export const loggerSettings = {
  logLevel: setting(
    'logLevel',
    'CRM_LOG_LEVEL',
    'info',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'The level of the default logger: trace, debug, info, warn, error, fatal or silent.',
  ),
  logger: optionOnly<Logger | undefined>(
    'logger',
    undefined,
    hasFunctions(
      ['debug', 'info', 'warn', 'error'],
      'must have the functions debug, info, warn and error, as pino has',
    ),
    'Where log lines go: pino, winston, console, or anything that takes (fields, message).',
  ),
} as const satisfies TableFor<LoggerSettings>;

export function resolveLogger({ logger, logLevel }: Values<typeof loggerSettings>): Logger {
  return logger === undefined ? createDefaultLogger(logLevel) : fieldsFirst(logger, logLevel);
}
