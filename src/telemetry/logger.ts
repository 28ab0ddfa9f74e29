import { pino } from 'pino';
import { survive } from '../core/survive.js';

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
  survive(() => logger[level](fields, message), onFailure);
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
