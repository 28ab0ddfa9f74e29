import type { LogFields, Logger, LogLevel } from '../../src/telemetry/logger.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message: string;
}

/** A logger that keeps its lines for a test to read. */
export interface LogCollector extends Logger {
  readonly lines: readonly LogLine[];
  /** The lines of one level. */
  at(level: LogLevel): readonly LogLine[];
  /** Everything that was logged, as one text: to look for what must not be there. */
  text(): string;
}

export function createLogCollector(): LogCollector {
  const lines: LogLine[] = [];
  const writer =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message });
    };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    lines,
    at: (level) => lines.filter((line) => line.level === level),
    text: () => JSON.stringify(lines),
  };
}
