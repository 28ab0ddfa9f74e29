import type { LogFields, Logger, LogLevel } from './logger.js';

/** The part of a logger that takes the message first, such as winston's, log4js's, consola's or NestJS's. */
export interface MessageFirstLogger {
  debug(message: string, fields: object): unknown;
  /** Where it is missing, `log` is called, as with NestJS's logger. */
  info?(message: string, fields: object): unknown;
  log?(message: string, fields: object): unknown;
  warn(message: string, fields: object): unknown;
  error(message: string, fields: object): unknown;
  isLevelEnabled?(level: string): boolean;
}

/**
 * Makes a logger that takes the message first fit the option `logger`, which passes fields first, as pino wants them. For
 * winston and `console` it is not needed: `createNotifier` recognises them.
 *
 * An error among the fields becomes plain data, because most such loggers print an `Error` as `{}`.
 *
 * @example
 * const crm = createNotifier({ logger: messageFirst(log4js.getLogger('crm')) });
 */
export function messageFirst(logger: MessageFirstLogger): Logger {
  // NestJS's logger has `log` where others have `info`.
  const write =
    (level: 'debug' | 'info' | 'log' | 'warn' | 'error') =>
    (fields: LogFields, message: string): unknown =>
      logger[level]?.(message, plainFields(fields));
  return {
    debug: write('debug'),
    info: write(logger.info === undefined ? 'log' : 'info'),
    warn: write('warn'),
    error: write('error'),
    isLevelEnabled: (level) => logger.isLevelEnabled?.(level) ?? true,
  };
}

/**
 * Puts the message first for winston and `console`; returns any other logger as it is. `logLevel` is for `console`, which has
 * none.
 */
export function fieldsFirst(logger: Logger, logLevel = 'info'): Logger {
  if (isWinston(logger)) return messageFirst(logger as unknown as MessageFirstLogger);
  if (!isConsole(logger)) return logger;
  const least = levels.indexOf(logLevel);
  const isEnabled = (level: string): boolean => levels.indexOf(level) >= least;
  const all = messageFirst(logger as unknown as MessageFirstLogger);
  const from =
    (level: LogLevel) =>
    (fields: LogFields, message: string): unknown =>
      isEnabled(level) ? all[level](fields, message) : undefined;
  return {
    debug: from('debug'),
    info: from('info'),
    warn: from('warn'),
    error: from('error'),
    isLevelEnabled: isEnabled,
  };
}

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** winston 3 itself, a logger of it or a child of one: each has transports, and a function or an object of its own. */
function isWinston(logger: object): boolean {
  const { transports, levels: ownLevels, createLogger } = logger as Partial<Record<string, unknown>>;
  return Array.isArray(transports) ? typeof ownLevels === 'object' : Boolean(transports) && isFunction(createLogger);
}

/** `console`, or another `Console`: only they have these. */
function isConsole(logger: object): boolean {
  const { groupCollapsed, countReset } = logger as Partial<Record<string, unknown>>;
  return isFunction(groupCollapsed) && isFunction(countReset);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function plainFields(fields: LogFields): object {
  const { err } = fields as { readonly err?: { toJSON?: () => unknown } };
  return err instanceof Error && typeof err.toJSON === 'function' ? { ...fields, err: err.toJSON() } : fields;
}
