import type { LogFields, Logger } from '../telemetry/logger.js';
import type { CliContext } from './cli-context.js';
import { safeJson, safeText } from './safe-text.js';

const levels = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof levels)[number];

/** The library's log lines, on standard error and for the eye: level, message, fields. */
export function createStderrLogger({ stderr, env }: Pick<CliContext, 'stderr' | 'env'>, isVerbose: boolean): Logger {
  const least = isVerbose ? 'debug' : levelIn(env['CRM_LOG_LEVEL']);
  const isLevelEnabled = (level: string): boolean =>
    least !== 'silent' && levels.indexOf(level as Level) >= levels.indexOf(least);
  const writer =
    (level: Level) =>
    (fields: LogFields, message: string): void => {
      if (!isLevelEnabled(level) || !stderr.writable) return;
      const details = Object.keys(fields).length === 0 ? '' : ` ${safeJson(fields)}`;
      stderr.write(`[${level}] ${safeText(message)}${details}\n`);
    };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    isLevelEnabled,
  };
}

/** A logger for work whose end the command tells itself: its errors are no news then. */
export function withoutErrors(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.debug(fields, message),
    isLevelEnabled: (level) => logger.isLevelEnabled?.(level) ?? true,
  };
}

/** The least level that is shown; what is wrong with the variable is said where the library reads it. */
function levelIn(variable: string | undefined): Level | 'silent' {
  if (variable === 'trace') return 'debug';
  if (variable === 'fatal' || variable === 'silent') return 'silent';
  return levels.find((level) => level === variable) ?? 'warn';
}
