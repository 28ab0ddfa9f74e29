import type * as Pino from 'pino';
import { callSafely, notAwaited } from '../core/call-safely.js';

/** The fields of a log line besides its message: ids, codes and numbers, nothing personal. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The part of pino that this package uses. pino, and every logger that takes an object and then a message, fits.
 * Return values are ignored. If a call throws, or returns a promise that rejects, that line is lost and nothing else.
 *
 * @example
 * const logger: Logger = pino({ name: 'booking-app' });
 */
export interface Logger {
  debug(fields: LogFields, message: string): unknown;
  info(fields: LogFields, message: string): unknown;
  warn(fields: LogFields, message: string): unknown;
  error(fields: LogFields, message: string): unknown;
  /** Called before a line for every notification or request is made; without it such lines are always made. */
  isLevelEnabled?(level: string): boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The default logger: pino on standard output, at the given level. */
export function createDefaultLogger(level: string): Logger {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- An import would load it for apps that pass a logger, too.
  const { pino } = require('pino') as typeof Pino;
  return pino({ name: 'express-crm-notifier', level });
}

/** Writes one line. If the logger throws or rejects, the line is lost and `onFailure` counts it. */
export function writeLog(
  logger: Logger,
  level: LogLevel,
  fields: LogFields,
  message: string,
  onFailure: () => void,
): void {
  callSafely(() => logger[level](fields, message), onFailure);
}

/** Wraps the app's logger so that no call throws or rejects; `onFailure` counts the failures. */
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
        return notAwaited(logger.isLevelEnabled?.(level) ?? true);
      } catch {
        onFailure();
        return false;
      }
    },
  };
}
