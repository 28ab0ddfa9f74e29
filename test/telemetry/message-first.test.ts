import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import winston, { createLogger, format, transports, type Logger as WinstonLogger } from 'winston';
import { createNotifier, messageFirst, type NotifierOptions } from '../../src/index.js';

/** Everything written to a stream so far. */
function collect(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { stream, text: () => text };
}

/** Has a notifier reject a notification, and returns once it is closed. */
async function rejectOne(options: NotifierOptions): Promise<void> {
  await using crm = createNotifier({ authToken: 'a-token', outbox: ':memory:', env: {}, ...options });
  await crm.notify({ notificationType: 'seen', userId: 0, message: 'Ada was here' });
}

/** One that writes JSON, as in production. */
function winstonOn(stream: PassThrough, level: string): WinstonLogger {
  // Winston's types give its transports no class of their own.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  return createLogger({ level, format: format.json(), transports: [new transports.Stream({ stream })] });
}

describe('F6: a logger that takes the message first', () => {
  it('winston is recognised: its lines have message and fields, the error as data', async () => {
    const { stream, text } = collect();
    const logger = winstonOn(stream, 'info');
    await rejectOne({ logger });
    const lines = text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', message: expect.stringMatching(/^CRM outbox in memory; posts to /) }),
      {
        level: 'warn',
        message:
          'CRM notification rejected: notification is not valid: userId: must be a positive safe integer or a string',
        err: {
          name: 'CRMValidationError',
          message: 'notification is not valid: userId: must be a positive safe integer or a string',
          code: 'ERR_CRM_VALIDATION',
          retryable: false,
          issues: [{ path: 'userId', message: 'must be a positive safe integer or a string' }],
        },
      },
    ]);
  });

  it('a child of winston is recognised as well, and its level counts', async () => {
    const { stream, text } = collect();
    const logger = winstonOn(stream, 'error');
    await rejectOne({ logger: logger.child({ part: 'crm' }) });
    expect(text()).toBe('');
  });

  it('winston itself is recognised, which logs to its default logger', async () => {
    const { stream, text } = collect();
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- As above.
    winston.configure({ format: format.json(), transports: [new transports.Stream({ stream })] });
    await rejectOne({ logger: winston });
    expect(text()).toMatch(/"message":"CRM notification rejected: /);
  });

  it('console is recognised, and prints what logLevel allows', async () => {
    const { stream, text } = collect();
    const logger = new Console(stream);
    await rejectOne({ logger });
    expect(text()).toMatch(
      /^CRM outbox in memory; posts to .*\n?.*\n?.*CRM notification rejected: notification is not valid: userId/s,
    );
    expect(text()).not.toMatch(/\[object|undefined: CRM/);

    const quiet = collect();
    await rejectOne({ logger: new Console(quiet.stream), logLevel: 'error' });
    expect(quiet.text()).toBe('');
  });

  it('any other is wrapped in messageFirst', async () => {
    const lines: [string, string][] = [];
    const nest = {
      log: (message: string) => lines.push(['log', message]),
      debug: (message: string) => lines.push(['debug', message]),
      warn: (message: string, fields: object) => lines.push(['warn', `${message} ${JSON.stringify(fields)}`]),
      error: (message: string) => lines.push(['error', message]),
    };
    await rejectOne({ logger: messageFirst(nest) });
    expect(lines.map(([level]) => level)).toEqual(['log', 'warn']);
    expect(lines[0]![1]).toMatch(/^CRM outbox in memory/);
    expect(lines[1]![1]).toMatch(/^CRM notification rejected: .*"err":\{"name":"CRMValidationError"/);
  });
});
