import { createDefaultLogger, createSafeLogger, type Logger, type LogLevel } from '../../src/telemetry/logger.js';
import { createLogCollector } from '../helpers/log-collector.js';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function loggerOf(write: () => unknown): Logger {
  return { debug: write, info: write, warn: write, error: write };
}

describe('the safe logger', () => {
  it('passes each line on as it is', () => {
    const log = createLogCollector();
    const safe = createSafeLogger(log);
    for (const level of levels) safe[level]({ id: 1 }, `said at ${level}`);
    expect(log.lines).toEqual(levels.map((level) => ({ level, fields: { id: 1 }, message: `said at ${level}` })));
  });

  it('calls the logger as its own method, as pino needs it', () => {
    class Keeper {
      readonly lines: string[] = [];
      debug(_fields: object, message: string): void {
        this.lines.push(message);
      }
      info = this.debug.bind(this);
      warn = this.debug.bind(this);
      error = this.debug.bind(this);
    }
    const keeper = new Keeper();
    createSafeLogger(keeper).debug({}, 'kept');
    expect(keeper.lines).toEqual(['kept']);
  });

  it('loses and counts the line of a logger that throws or rejects', async () => {
    let failureCount = 0;
    const count = (): void => {
      failureCount += 1;
    };
    const thrower = createSafeLogger(
      loggerOf(() => {
        throw new Error('no disk');
      }),
      count,
    );
    const rejecter = createSafeLogger(
      loggerOf(() => Promise.reject(new Error('no disk'))),
      count,
    );
    for (const level of levels) {
      thrower[level]({}, 'lost');
      rejecter[level]({}, 'lost');
    }
    await new Promise(setImmediate);
    expect(failureCount).toBe(2 * levels.length);
  });

  it('takes debug lines for wanted unless the logger says otherwise', () => {
    const log = createLogCollector();
    expect(createSafeLogger(log).isLevelEnabled('debug')).toBe(true);
    expect(createSafeLogger({ ...log, isLevelEnabled: () => false }).isLevelEnabled('debug')).toBe(false);
    let failureCount = 0;
    const broken: Logger = {
      ...log,
      isLevelEnabled: () => {
        throw new Error('no level');
      },
    };
    expect(createSafeLogger(broken, () => (failureCount += 1)).isLevelEnabled('debug')).toBe(false);
    expect(failureCount).toBe(1);
  });
});

test('the default logger has the level it is given', () => {
  const logger = createSafeLogger(createDefaultLogger('warn'));
  expect(['debug', 'info', 'warn', 'error'].map((level) => logger.isLevelEnabled(level))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
