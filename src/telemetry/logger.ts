import { pino } from 'pino';
import { callSafely } from '../core/call-safely.js';
import { hasFunctions, oneOf, optionOnly, setting, type TableFor, type Values } from '../core/setting.js';

/** What every log line of this package carries besides its message: ids, codes and numbers, nothing personal. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The part of pino that this package uses. pino, and every logger that takes an object and then a message, fits.
 * What a call answers is of no interest; one that throws, or a promise that rejects, loses the line and nothing else.
 */
export interface Logger {
  debug(fields: LogFields, message: string): unknown;
  info(fields: LogFields, message: string): unknown;
  warn(fields: LogFields, message: string): unknown;
  error(fields: LogFields, message: string): unknown;
  /** Asked before a costly debug line is put together; without it debug lines are put together always. */
  isLevelEnabled?(level: string): boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The default logger: pino on standard output, at the level `CRM_LOG_LEVEL` names. */
export function createDefaultLogger(level: string): Logger {
  return pino({ name: 'express-crm-notifier', level });
}

/** Writes one line; a logger that throws or rejects loses the line, and `onFailure` counts it. */
export function writeLog(
  logger: Logger,
  level: LogLevel,
  fields: LogFields,
  message: string,
  onFailure: () => void,
): void {
  callSafely(() => logger[level](fields, message), onFailure);
}

/** Wraps a user's logger so that a failing line neither throws nor rejects; `onFailure` counts it. */
export function createSafeLogger(logger: Logger, onFailure: () => void = () => undefined): Required<Logger> {
  const writer =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      writeLog(logger, level, fields, message, onFailure);
    };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    isLevelEnabled: (level) => {
      try {
        return logger.isLevelEnabled?.(level) ?? true;
      } catch {
        onFailure();
        return false;
      }
    },
  };
}

/** Where log lines go. */
export interface LoggerSettings {
  /**
   * Where log lines go: pino, or anything that takes `(fields, message)`. Give your app's logger to have them in one
   * place.
   * @default pino on standard output
   * @example logger: pino({ name: 'booking-app' })
   */
  readonly logger?: Logger | undefined;
  /**
   * The level of the default logger: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. `debug` shows every
   * request and reply, redacted. Variable `CRM_LOG_LEVEL`.
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
    'Anything that takes `(fields, message)` at `debug`, `info`, `warn` and `error`.',
  ),
} as const satisfies TableFor<LoggerSettings>;

export function resolveLogger({ logger, logLevel }: Values<typeof loggerSettings>): Logger {
  return logger ?? createDefaultLogger(logLevel);
}
